// One user's case: what was seen, what came next, and what each model answered.
const LISTED = 12;
let chosenUser = 0;

function showPeople() {
  const here = place();
  const people = DATA.people.find((one) => one.dataset === here.dataset && one.split === here.split && one.shown.length);
  byId("people").hidden = !people;
  if (!people) return;
  chosenUser = Math.min(chosenUser, people.shown.length - 1);
  const select = el("select", { id: "user", onchange: (event) => { chosenUser = Number(event.target.value); showPeople(); byId("user").focus(); } }, ...people.shown.map((one, k) => el("option", { value: k, text: one.user })));
  select.value = chosenUser;
  const one = people.shown[chosenUser];
  const truth = new Set(one.truth);
  const text = (code) => people.texts[code];
  const entry = (code, marked) => el("li", { class: marked && truth.has(code) ? "right" : null }, el("bdi", { text: text(code) }), marked && truth.has(code) ? " ✓" : "");
  const list = (title, codes, ordered, marked) => {
    const kind = ordered ? "ol" : "ul";
    const rest = codes.slice(LISTED);
    return el("div", { class: "case" },
      title,
      codes.length ? el(kind, {}, ...codes.slice(0, LISTED).map((code) => entry(code, marked))) : el("p", { text: "nothing" }),
      rest.length ? el("details", {}, el("summary", { text: `and ${rest.length} more` }), el(kind, ordered ? { start: LISTED + 1 } : {}, ...rest.map((code) => entry(code, marked)))) : null);
  };
  const at = people.users.indexOf(one.user);
  const answers = Object.keys(one.lists).map(Number).filter(visible).map((i) => {
    const value = at >= 0 && people.values[i] ? people.values[i][at] : null;
    const head = el("h3", {}, el("span", { class: `key k${i}` }), el("bdi", { text: DATA.models[i].label }));
    const box = list(head, one.lists[i], true, true);
    if (value !== null && value !== undefined) head.after(el("p", { text: `${people.metric} ${value.toFixed(3).replace(/^0\./, ".")}` }));
    return box;
  });
  byId("cases").replaceChildren(
    el("div", { class: "bar" }, el("label", {}, "User", select)),
    el("p", { class: "status", text: `${where(here)}. ${people.shown.length} users, picked without looking at the results; ✓ marks what came next.` }),
    el("div", { class: "cases" }, list(el("h3", { text: "History" }), one.history, false, false), list(el("h3", { text: "What came next" }), one.truth, false, false), ...answers));
}
