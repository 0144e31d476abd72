"""Small files in the exact formats of the sets that cannot be at hand, and what is to be read from them."""

from __future__ import annotations

import json


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


ML_CSV = {
    "ratings.csv": "userId,movieId,rating,timestamp\n1,2,3.5,1112486027\n1,29,4.0,1112484676\n2,2,0.5,974820889\n",
    "movies.csv": "movieId,title,genres\n2,Jumanji (1995),Adventure|Children\n"
    '29,"City, The (1995)",(no genres listed)\n'
    "30,Nobody saw it (1999),Drama\n",
}
ML_ROWS = {("1", "2", 3.5), ("1", "29", 4.0), ("2", "2", 0.5)}
ML_TEXT = {"2": "Jumanji (1995). Adventure, Children", "29": "City, The (1995)"}
NEWS = "N1\tsports\tgolf\tA hole in one\tIt rolled.\thttps://x\t[]\t[]\nN2\tnews\tworld\tNo abstract\t\thttps://y\t[]\t[]\n"

FILES = {
    "ml-1m": {
        "ratings.dat": "1::1193::5::978300760\n1::661::3::978302109\n2::1193::4::978298413\n",
        "movies.dat": "1193::One Flew Over the Cuckoo's Nest (1975)::Drama\n"
        "661::Misérables, Les (1995)::Drama|Musical\n",
        "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
    },
    "ml-20m": ML_CSV,
    "ml-25m": ML_CSV,
    "ml-32m": ML_CSV,
    "amazon-2018": {
        "All_Beauty.json.gz": lines(
            {"overall": 5.0, "verified": True, "reviewTime": "09 1, 2016", "reviewerID": "A3", "asin": "B01",
             "reviewerName": "x", "reviewText": "good", "summary": "s", "unixReviewTime": 1472688000},
            {"overall": 1.0, "vote": "3", "verified": False, "reviewTime": "11 14, 2013", "reviewerID": "A4",
             "asin": "B01", "style": {"Size:": " 1 oz"}, "reviewText": "bad", "unixReviewTime": 1384387200},
        ),
        "meta_All_Beauty.json.gz": lines(
            {"category": [], "tech1": "", "description": ["<b>Soft</b> soap", "and more"], "title": "Soap &amp; Co",
             "brand": "Clean", "feature": [], "rank": "1", "also_view": [], "asin": "B01", "price": "$3"},
        ),
    },
    "amazon-2023": {
        "All_Beauty.jsonl.gz": lines(
            {"rating": 4.0, "title": "Nice", "text": "t", "images": [], "asin": "B0X", "parent_asin": "B0P",
             "user_id": "AG", "timestamp": 1588687728923, "helpful_vote": 0, "verified_purchase": True},
        ),
        "meta_All_Beauty.jsonl.gz": lines(
            {"main_category": "All Beauty", "title": "Comb", "average_rating": 4.8, "rating_number": 10,
             "features": ["Wide", "Wooden"], "description": [], "price": None, "store": "Hair Co", "categories": [],
             "details": {"Package": "1"}, "parent_asin": "B0P", "bought_together": None},
        ),
    },
    "goodbooks-10k": {
        "ratings.csv": "user_id,book_id,rating\n1,258,5\n2,4081,4\n",
        "books.csv": "book_id,goodreads_book_id,isbn,authors,original_publication_year,title,average_rating\n"
        '258,9,123,"Carlos Ruiz Zafón, Lucia Graves",2001.0,The Shadow of the Wind,4.2\n4081,8,,Anna,,"Say ""so""",4\n',
    },
    "book-crossing": {
        "BX-Book-Ratings.csv": '"User-ID";"ISBN";"Book-Rating"\n"276725";"034545104X";"0"\n"276726";"0155061224";"5"\n',
        "BX-Books.csv": '"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Publisher";"Image-URL-S"\n'
        '"034545104X";"Flesh \\"Tones\\"; a Novel";"M. J. Rosé";"2002";"Ballantine &amp; Co";"http://x"\n'
        '"0155061224";"Rites";"Judith";"0";"Heinle";"http://y"\n',
        "BX-Users.csv": '"User-ID";"Location";"Age"\n'
        '"276725";"nyc, new york, usa";NULL\n"276726";"paris, , france";"18"\n',
    },
    "steam-200k": {
        "steam-200k.csv": '151603712,"The Elder Scrolls V Skyrim",purchase,1.0,0\n'
        '151603712,"The Elder Scrolls V Skyrim",play,273.0,0\n59945701,Dota 2,purchase,1.0,0\n',
    },
    "steam": {
        "steam_reviews.json.gz": "{u'username': u'Chaos Syren', u'hours': 0.1, u'products': 41, "
        "u'product_id': u'725280', "
        "u'page_order': 0, u'date': u'2017-12-17', u'text': u'It\\'s \\u2764', u'early_access': False, u'page': 1}\n"
        '{u"username": u"Ann\'s", u"product_id": u"328100", u"date": u"2017-08-02", u"text": u"x"}\n',
        "steam_games.json.gz": "{u'publisher': u'Kotoshiro', u'genres': [u'Action', u'Indie'], "
        "u'app_name': u'Lost Kitty', "
        "u'title': u'Lost Kitty', u'release_date': u'2018-01-04', u'tags': [u'Strategy'], u'price': 4.99, "
        "u'id': u'725280', u'developer': u'Kotoshiro'}\n{u'app_name': u'Ball', u'id': u'328100', u'price': u'Free'}\n"
        "{u'url': u'http://x', u'price': 19.99}\n",
    },
    "yelp": {
        "yelp_academic_dataset_review.json": lines(
            {"review_id": "r", "user_id": "u1", "business_id": "b1", "stars": 3.0, "useful": 0, "text": "x\ny",
             "date": "2018-07-07 22:09:11"},
            {"review_id": "s", "user_id": "u2", "business_id": "b1", "stars": 5.0, "useful": 0, "text": "",
             "date": "2012-01-03 15:28:18"},
        ),
        "yelp_academic_dataset_business.json": lines(
            {"business_id": "b1", "name": "Pho", "city": "Tampa", "stars": 3.5, "categories": "Food, Noodles"},
        ),
        "yelp_academic_dataset_user.json": lines(
            {"user_id": "u1", "name": "A", "friends": "u2, u9"}, {"user_id": "u2", "name": "B", "friends": "None"},
        ),
    },
    "mind": {
        "MINDsmall_train/behaviors.tsv": "1\tU1\t11/11/2019 9:05:58 AM\tN9 N8\tN1-1 N2-0\n"
        "2\tU2\t11/12/2019 6:11:30 PM\t\tN2-1\n",
        "MINDsmall_train/news.tsv": NEWS,
        "MINDsmall_dev/behaviors.tsv": "1\tU1\t11/15/2019 7:11:30 AM\tN9\tN2-1 N1-0 N3-1\n",
        "MINDsmall_dev/news.tsv": NEWS.replace("A hole", "Another hole") + NEWS.replace("N1\t", "N3\t").splitlines()[0],
    },
    "retailrocket": {
        "events.csv": "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n"
        "1433224214164,257597,addtocart,355908,\n1433222276276,111016,transaction,318965,4000\n",
    },
    "h-and-m": {
        "transactions_train.csv": "t_dat,customer_id,article_id,price,sales_channel_id\n"
        "2018-09-20,000058a1,0663713001,0.0508,2\n2018-09-21,000058a1,0541518023,0.0305,2\n",
        "articles.csv": "article_id,product_code,prod_name,"
        "product_type_name,colour_group_name,department_name,detail_desc\n"
        '0663713001,663713,Atlanta Push,Underwear body,Black,Expressive,"Lace, sheer"\n'
        "0541518023,541518,Rae,Bra,Light Pink,Casual,\n",
        "customers.csv": "customer_id,FN,Active,club_member_status,fashion_news_frequency,age,postal_code\n"
        "000058a1,,,ACTIVE,NONE,49.0,5292\n",
    },
    "instacart": {
        "order_products__prior.csv": "order_id,product_id,add_to_cart_order,reordered\n2,33120,1,1\n3,33120,1,0\n",
        "order_products__train.csv": "order_id,product_id,add_to_cart_order,reordered\n1,49302,1,1\n",
        "orders.csv": "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order\n"
        "2,202279,prior,3,5,09,8.0\n3,205970,prior,16,5,17,12.0\n1,202279,train,4,4,10,9.0\n",
        "products.csv": "product_id,product_name,aisle_id,department_id\n33120,Organic Egg Whites,86,16\n"
        '49302,"Bulgarian \\"Yogurt\\", plain",120,16\n',
    },
    "lastfm-1k": {
        "userid-timestamp-artid-artname-traid-traname.tsv": ""
        "user_000001\t2009-05-04T23:08:57Z\tf1b1\tDeep Dish\t\tSet\n"
        'user_000001\t2009-05-04T13:54:10Z\t\tDeep Dish\t\tOther "one\n'
        'user_000002\t2009-05-03T15:48:25Z\ta7\t坂本龍一\tx\tMoon\n',
        "userid-profile.tsv": "#id\tgender\tage\tcountry\tregistered\n"
        "user_000001\tm\t\tJapan\tAug 13, 2006\nuser_000002\tf\t\tPeru\t\n",
    },
    "far-trans": {
        "transactions.csv": "customerID,"
        "ISIN,transactionID,transactionType,timestamp,totalValue,units,channel,marketID\n"
        "C1,GRS1,1,Buy,2018-01-02,100.0,5,Branch,XATH\nC1,GRS2,2,Sell,2018-01-03,50.0,5,Branch,XATH\n",
        "asset_information.csv": "ISIN,assetName,"
        "assetShortName,assetCategory,assetSubCategory,marketID,sector,industry,timestamp\n"
        "GRS1,Bank of X,BX,Stock,Common,XATH,Financials,Banks,2018-01-01\n",
        "customer_information.csv": "customerID,"
        "customerType,riskLevel,investmentCapacity,lastQuestionnaireDate,timestamp\n"
        "C1,Mass,Balanced,CAP_LT30K,2018-01-01,2018-01-01\nC1,Mass,Aggressive,CAP_LT30K,2019-01-01,2019-01-01\n",
    },
    "mooccubex-titles": {
        "entities/user.json": lines(
            {"id": "U_1", "name": "x", "gender": 1, "school": "", "year_of_birth": 1990,
             "course_order": [682129, 7], "enroll_time": ["2019-10-12 10:28:02", "2019-10-13 10:28:02"]},
            {"id": "U_2", "name": "y", "gender": 0, "course_order": [7], "enroll_time": ["2020-01-01 00:00:00"]},
        ),
        "entities/course.json": lines(
            {"id": "C_682129", "name": "数据结构", "field": ["计算机", "软件"], "prerequisites": "",
             "about": "树", "resource": []},
            {"id": "C_7", "name": "Logic", "field": [], "prerequisites": "", "about": "", "resource": []},
        ),
    },
    "epinions": {
        "ratings_data.txt": "1 100 4\n1 101 5\n22605 100 3 \n",
        "trust_data.txt": " 22605 1 1\n 1 7 1\n",
    },
    "ciao-dvd": {
        "movie-ratings.txt": "1,1,1,1,4,2013-12-21\n2,1,1,2,1,2013-12-22\n",
        "trusts.txt": "2,1,1\n",
    },
}  # fmt: skip
"""Files by set: a few rows, with the columns, quoting and signs of the published files."""

EXPECTED = {
    "ml-1m": ({("1", "1193", 5.0), ("1", "661", 3.0), ("2", "1193", 4.0)},
              {"661": "Misérables, Les (1995). Drama, Musical"}),
    "ml-20m": (ML_ROWS, ML_TEXT),
    "ml-25m": (ML_ROWS, ML_TEXT),
    "ml-32m": (ML_ROWS, ML_TEXT),
    "amazon-2018": ({("A3", "B01", 5.0), ("A4", "B01", 1.0)}, {"B01": "Soap & Co. Clean. Soft soap and more"}),
    "amazon-2023": ({("AG", "B0P", 4.0)}, {"B0P": "Comb. Hair Co. Wide Wooden"}),
    "goodbooks-10k": ({("1", "258", 5.0), ("2", "4081", 4.0)},
                      {"258": "The Shadow of the Wind. Carlos Ruiz Zafón, Lucia Graves", "4081": 'Say "so". Anna'}),
    "book-crossing": ({("276725", "034545104X", 0.0), ("276726", "0155061224", 5.0)},
                      {"034545104X": 'Flesh "Tones"; a Novel. M. J. Rosé', "0155061224": "Rites. Judith"}),
    "steam-200k": ({("151603712", "The Elder Scrolls V Skyrim", 273.0), ("59945701", "Dota 2", 1.0)},
                   {"Dota 2": "Dota 2"}),
    "steam": ({("Chaos Syren", "725280", 1.0), ("Ann's", "328100", 1.0)},
              {"725280": "Lost Kitty. Action, Indie. Kotoshiro", "328100": "Ball"}),
    "yelp": ({("u1", "b1", 3.0), ("u2", "b1", 5.0)}, {"b1": "Pho. Food, Noodles. Tampa"}),
    "mind": ({("U1", "N1", 1.0), ("U2", "N2", 1.0), ("U1", "N2", 1.0), ("U1", "N3", 1.0)},
             {"N1": "A hole in one. sports. It rolled.", "N2": "No abstract. news",
              "N3": "A hole in one. sports. It rolled."}),
    "retailrocket": ({("257597", "355908", 3.0), ("111016", "318965", 5.0)}, None),
    "h-and-m": ({("000058a1", "0663713001", 1.0), ("000058a1", "0541518023", 1.0)},
                {"0663713001": "Atlanta Push. Underwear body. Black. Lace, sheer",
                 "0541518023": "Rae. Bra. Light Pink"}),
    "instacart": ({("202279", "33120", 1.0), ("205970", "33120", 1.0), ("202279", "49302", 1.0)},
                  {"49302": 'Bulgarian "Yogurt", plain'}),
    "lastfm-1k": ({("user_000001", "Deep Dish", 2.0), ("user_000002", "坂本龍一", 1.0)}, {"坂本龍一": "坂本龍一"}),
    "far-trans": ({("C1", "GRS1", 1.0)}, {"GRS1": "Bank of X. Stock. Common. Financials. Banks"}),
    "mooccubex-titles": ({("U_1", "682129", 1.0), ("U_1", "7", 1.0), ("U_2", "7", 1.0)},
                         {"682129": "数据结构. 计算机, 软件. 树", "7": "Logic"}),
    "epinions": ({("1", "100", 4.0), ("1", "101", 5.0), ("22605", "100", 3.0)}, None),
    "ciao-dvd": ({("1", "1", 4.0), ("2", "1", 1.0)}, None),
}  # fmt: skip

LATIN = {"movies.dat", "BX-Books.csv", "BX-Users.csv"}
