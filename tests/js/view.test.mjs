import assert from "node:assert/strict";
import { test } from "node:test";
import { change, format, hereUrl, layerQuery, panelUrl, parse } from "../../webmap/static/js/view/view.js";

const TODAY = "2026-03-01";
const read = (search) => parse(search, TODAY);

test("an address reads back as the view it was made from", () => {
  for (const search of [
    "",
    "?mode=issues&grid=7&state=overdue&category=event.rubbish&age=30&closed=all&list=issues&page=2&z=14&lat=31.40000&lon=116.30000",
    "?mode=coverage&on=2025-01-31&kind=clinic&lang=en",
    "?mode=coverage&kind=worst&classes=own%3A30%2C50%2C80%2C95&beside=2025-06-01&rank=town&within=view&page=2",
    "?mode=issues&issue=12&grid=3",
  ]) {
    const view = read(search);
    assert.deepEqual(read(format(view)), view);
  }
});

test("defaults are left out of the address", () => {
  assert.equal(format(read("?mode=territory&state=open&page=1&on=2026-03-01")), "");
});

test("nonsense falls back to defaults instead of failing", () => {
  const view = read("?mode=<script>&z=99&lat=x&lon=1&grid=-3&state=no&age=8&kind=a b&page=0&lang=de&classes=own:9,8,7,6&beside=2025-02-30&rank=county&within=all");
  assert.deepEqual(view, read(""));
});

test("another grid drops the issue, the list and the page of the one before", () => {
  const before = read("?grid=1&list=issues&page=3&issue=9");
  const after = change(before, { grid: 2 });
  assert.deepEqual([after.grid, after.issue, after.list, after.page], [2, null, null, 1]);
});

test("an issue carries the list that it was opened from", () => {
  const asked = panelUrl(read("?mode=issues&issue=5&grid=2&list=issues&state=overdue&category=road&page=3"));
  assert.equal(asked, "/panel/issue/5?mode=issues&state=overdue&category=road&grid=2&list=issues&page=3");
});

test("a day that no calendar has is left out", () => {
  for (const on of ["31-31-31", "2026-02-30", "2026-13-01", "soon", "2026-1-1"]) {
    assert.equal(read(`?on=${on}`).on, null, on);
  }
  assert.equal(read("?on=2024-02-29").on, "2024-02-29");
});

test("the panel shows the issue, else the list, else the grid, else the county", () => {
  assert.equal(panelUrl(read("?mode=issues&issue=5&grid=2")), "/panel/issue/5?mode=issues&grid=2");
  assert.equal(panelUrl(read("?grid=2&list=issues&state=closed&page=2")), "/panel/grid/2/issues?mode=territory&state=closed&page=2");
  assert.equal(panelUrl(read("?mode=draw&list=archived")), "/panel/plans?archived=true");
  assert.equal(panelUrl(read("?mode=draw&plan=3&list=archived")), "/panel/plans/3");
  assert.equal(panelUrl(read("?grid=2&on=2025-01-01")), "/panel/grid/2?mode=territory&on=2025-01-01");
  assert.equal(panelUrl(read("?mode=coverage&kind=shop")), "/panel/home?mode=coverage&kind=shop");
});

test("a layer is asked for with the day and its own filters only", () => {
  const closed = read("?mode=issues&state=closed&closed=365&grid=2&list=issues&page=2");
  assert.equal(layerQuery(closed, "issues"), "?state=closed&closed=365");
  assert.equal(panelUrl(closed), "/panel/grid/2/issues?mode=issues&state=closed&closed=365&page=2");
  assert.equal(change(closed, { closed: "all" }).page, 1);
  const view = read("?mode=issues&on=2025-05-05&state=all&kind=shop&age=7");
  assert.equal(layerQuery(view, "grids"), "?on=2025-05-05");
  assert.equal(layerQuery(view, "issues"), "?on=2025-05-05&state=all&age=7");
  assert.equal(layerQuery(view, "coverage"), "?on=2025-05-05&kind=shop");
});

test("other classes ask for no other tiles, but for where quantiles lie", () => {
  assert.equal(layerQuery(read("?mode=coverage&kind=shop&classes=own:1,2,3,4&beside=clinic"), "coverage"), "?kind=shop");
  assert.equal(layerQuery(read("?mode=coverage&kind=shop&classes=quantile"), "coverage"), "?kind=shop&classes=quantile");
});

test("a map is not put beside itself, and of another list the first page is shown", () => {
  const view = read("?mode=coverage&kind=shop&beside=clinic&page=3");
  assert.equal(change(view, { kind: "clinic" }).beside, null);
  assert.equal(change(view, { kind: "school" }).beside, "clinic");
  assert.equal(change(read("?on=2025-01-01&beside=2025-06-01"), { on: "2025-06-01" }).beside, null);
  for (const parts of [{ kind: "school" }, { rank: "town" }, { within: "view" }]) assert.equal(change(view, parts).page, 1);
  assert.equal(panelUrl(view), "/panel/home?mode=coverage&kind=shop&beside=clinic&page=3");
});

test("a click names its point, level, mode and day", () => {
  const url = hereUrl(read("?mode=responsibility&on=2025-05-05"), { lon: 116.3, lat: 31.4 }, "town");
  assert.equal(url, "/panel/here?lon=116.300000&lat=31.400000&level=town&mode=responsibility&on=2025-05-05");
});

test("two days that are compared are a part of the address, and of what is asked for", () => {
  const view = read("?on=2026-01-01&versus=2025-12-31");
  assert.equal(format(view), "?on=2026-01-01&versus=2025-12-31");
  assert.equal(panelUrl(view), "/panel/changes?mode=territory&on=2026-01-01&versus=2025-12-31");
  assert.equal(layerQuery(view, "changes"), "?on=2026-01-01&versus=2025-12-31");
  assert.equal(layerQuery(view, "grids"), "?on=2026-01-01");
  const grid = change(view, { grid: 7 });
  assert.match(panelUrl(grid), /^\/panel\/grid\/7\?.*versus=2025-12-31/);
  assert.match(panelUrl(change(grid, { list: "changes", page: 2 })), /^\/panel\/changes\?.*grid=7&page=2$/);
  assert.equal(read("?versus=2026-02-30").versus, null);
});

test("with the comparison its list and its page are left behind", () => {
  const view = read("?grid=7&versus=2025-12-31&list=changes&page=3");
  assert.equal(change(view, { versus: "2025-01-01" }).page, 1);
  assert.deepEqual(change(view, { versus: null }), read("?grid=7"));
});

test("why a grid is served or not is a list of it, in which a facility can be opened", () => {
  const view = read("?mode=coverage&kind=clinic&grid=2&list=why&facility=9&page=2");
  assert.deepEqual(read(format(view)), view);
  assert.equal(panelUrl(view), "/panel/facility/9?mode=coverage&kind=clinic&grid=2&list=why&page=2");
  const back = change(view, { facility: null });
  assert.equal(panelUrl(back), "/panel/grid/2/why?mode=coverage&kind=clinic&page=2");
  assert.equal(change(back, { kind: "shop" }).page, 1);
});

test("another grid, kind or mode closes the facility that is open", () => {
  const view = read("?mode=coverage&kind=clinic&grid=2&facility=9");
  for (const parts of [{ grid: 3 }, { kind: "shop" }, { mode: "issues" }]) assert.equal(change(view, parts).facility, null);
  assert.equal(change(view, { kind: "shop", facility: 4 }).facility, 4);
});
