"""What the paired tests say is in the tables."""

from __future__ import annotations

from benchsuite_reports.model.sections import tables


def table_of(comparison, key):
    return next(table for table in tables(comparison) if table.key == key)


def test_a_corrected_test_gives_a_sign(invented):
    table = table_of(invented, "invented-real-item-cold-ranking")
    place = [column.key for column in table.columns].index("ndcg@10")
    cells = {line.model: line.cells[place] for line in table.lines()}
    verdicts = {
        one.model: one.verdict
        for one in invented.contrasts
        if (one.dataset, one.split, one.metric) == ("invented-real", "item-cold", "ndcg@10")
    }
    assert set(verdicts.values()) == {"better", "worse"}
    for model, cell in cells.items():
        expected = verdicts.get(model, "")
        assert cell.sign == (expected if expected in ("better", "worse") else "")


def test_each_model_is_held_against_the_best_reference(invented):
    table = table_of(invented, "invented-real-item-cold-against")
    assert table.title == "nDCG@10 against content-tfidf, the best reference: invented-real, item-cold"
    rows = {line.model: line.cells for line in table.lines()}
    assert rows["content-tfidf"][0].words == "reference"
    assert "oracle" not in rows
    for one in invented.contrasts:
        if (one.dataset, one.split, one.metric) != ("invented-real", "item-cold", "ndcg@10"):
            continue
        difference, effect, p, users = rows[one.model]
        assert float(difference.number) == float(f"{one.difference:.3f}")
        assert float(difference.margin) == 0.012
        assert float(effect.number) == float(f"{one.effect:.2f}")
        assert p.number == ("<.001" if one.p_holm < 0.0005 else f"{one.p_holm:.3f}".removeprefix("0"))
        assert users.words == "300/343/300"
    assert [note.text for note in table.notes if "Holm" in note.text] == [
        "Two-sided test paired by user (randomization; 943 users), Holm's correction over 6 tests."
    ]
