// An example of a model in another process: how often items were taken together with those of the history.
// Build it with: g++ -O2 -o together example_program.cpp
#include <cmath>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <vector>
using namespace std;

template <class T> vector<T> load(const string &path) {  // of a .npy file: its numbers, row after row
    ifstream file(path, ios::binary);
    unsigned char head[10];
    if (!file.read((char *)head, 10)) { cerr << "cannot read " << path << endl; exit(1); }
    file.seekg(0, ios::end);
    size_t start = 10 + head[8] + 256 * head[9], bytes = (size_t)file.tellg() - start;
    vector<T> numbers(bytes / sizeof(T));
    file.seekg(start);
    file.read((char *)numbers.data(), bytes);
    return numbers;
}

void save(const string &path, const vector<float> &numbers, size_t rows, size_t columns) {
    ostringstream head;
    head << "{'descr': '<f4', 'fortran_order': False, 'shape': (" << rows << ", " << columns << "), }";
    string text = head.str();
    text += string(117 - text.size(), ' ') + "\n";  // 10 + 118 bytes: what follows begins at a multiple of 64
    ofstream(path, ios::binary).write("\x93NUMPY\x01\x00\x76\x00", 10).write(text.data(), text.size())
        .write((const char *)numbers.data(), numbers.size() * sizeof(float));
}

size_t size_of(const string &folder, const string &name) {  // a whole number in about.json
    stringstream text;
    text << ifstream(folder + "/about.json").rdbuf();
    string json = text.str();
    return stoul(json.substr(json.find("\"" + name + "\":") + name.size() + 3));
}

int main(int, char **words) {
    string folder = words[2], order, block;
    cout << "@protocol 1" << endl;
    size_t users = size_of(folder, "users"), items = size_of(folder, "items");
    vector<float> weight(items * items), count(items);
    while (cin >> order) {
        if (order == "fit") {
            auto user = load<int>(folder + "/train/user.npy"), item = load<int>(folder + "/train/item.npy");
            vector<set<int>> taken(users);
            for (size_t row = 0; row < user.size(); row++) taken[user[row]].insert(item[row]);
            for (auto &one : taken)
                for (int i : one)
                    for (int j : one) (i == j ? count[i] : weight[i * items + j])++;
        } else {
            cin >> block;
            string place = folder + "/" + block + "/";
            auto start = load<long long>(place + "start.npy"); auto history = load<int>(place + "item.npy");
            vector<int> asked;
            if (ifstream(place + "candidates.npy")) asked = load<int>(place + "candidates.npy");
            else for (size_t j = 0; j < items; j++) asked.push_back(j);
            vector<float> scores;
            for (size_t q = 0; q + 1 < start.size(); q++) {
                set<int> seen(history.begin() + start[q], history.begin() + start[q + 1]);
                for (int j : asked) {
                    float sum = seen.empty() || !count[j] ? NAN : 0;
                    for (int i : seen) sum += weight[i * items + j] / (sqrt(count[i] * count[j]) + 1e-9f);
                    scores.push_back(sum);
                }
            }
            save(place + "scores.npy", scores, start.size() - 1, asked.size());
        }
        cout << "@done" << endl;
    }
}
