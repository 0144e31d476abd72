from __future__ import annotations

from benchsuite.html_text import element, table_element


def test_attributes_are_escaped_and_those_without_a_value_left_out():
    cell = element("td", "<b>1</b>", class_="", data_v=0, title='"<x>" & y', colspan=None)
    assert cell == '<td data-v="0" title="&quot;&lt;x&gt;&quot; &amp; y"><b>1</b></td>'
    assert element("th") == "<th></th>"


def test_a_table_has_its_parts_in_order():
    drawn = table_element("<tr>h</tr>", "<tbody></tbody>", "<caption>c</caption>", "<tr>f</tr>", class_="x")
    assert drawn == (
        '<table class="x"><caption>c</caption><thead><tr>h</tr></thead><tbody></tbody><tfoot><tr>f</tr></tfoot></table>'
    )
    assert table_element("", "") == "<table><thead></thead></table>"
