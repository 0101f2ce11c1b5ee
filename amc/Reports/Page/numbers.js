// Headline numbers, how they were measured, and breakdowns.

function showNumbers(page) {
    page.notes.forEach(note => byId("notes").append(element("li", {}, note)));
    byId("numbers").append(page.runs.length === 1 ? tiles(page.runs[0].numbers) : numberTable(page.runs));
    const facts = page.runs.some(run => run.facts.length > 0);
    byId("facts").hidden = !facts;
    if (facts)
        byId("facts").lastElementChild.append(factTable(page.runs));
}

function tiles(numbers) {
    return element("div", { class: "tiles" }, ...numbers.map(number => element("div", { class: "tile" },
        element("span", { class: "name" }, number.name),
        element("span", { class: "value" }, show(number.value, number.share)),
        number.low === undefined ? null
            : element("span", { class: "interval" }, "95 % interval ",
                element("span", { class: "whole" }, interval(number, number.share))))));
}

function numberTable(runs) {
    const names = [...new Set(runs.flatMap(run => run.numbers.map(number => number.name)))];
    const head = element("tr", {}, element("th", { scope: "col" }, ""),
        ...names.map(name => element("th", { scope: "col", class: "number" }, name)));
    const rows = runs.map(run => element("tr", {}, element("th", { scope: "row" }, run.name), ...names.map(name => {
        const number = run.numbers.find(n => n.name === name);
        return number === undefined ? element("td") : element("td", { class: "number" },
            show(number.value, number.share),
            number.low === undefined ? null
                : element("div", { class: "said" }, `${interval(number, number.share)}`));
    })));
    return element("div", { class: "wide" }, element("table", {}, element("thead", {}, head),
        element("tbody", {}, ...rows)));
}

function factTable(runs) {
    const names = [...new Set(runs.flatMap(run => run.facts.map(fact => fact.name)))];
    const head = runs.length === 1 ? null : element("thead", {}, element("tr", {}, element("th", { scope: "col" }, ""),
        ...runs.map(run => element("th", { scope: "col" }, run.name))));
    return element("table", {}, head, element("tbody", {}, ...names.map(name => element("tr", {},
        element("th", { scope: "row" }, name),
        ...runs.map(run => element("td", {}, run.facts.find(fact => fact.name === name)?.text ?? ""))))));
}

function showBreakdowns(page) {
    byId("breakdowns").hidden = page.breakdowns.length === 0;
    byId("breakdowns").classList.toggle("several", page.runs.length > 2);
    byId("breakdowns").lastElementChild.append(...page.breakdowns.map(b => breakdown(b, page.runs)));
}

function breakdown(table, runs) {
    const several = runs.length > 1;
    const head = element("tr", {}, element("th", { scope: "col" }, table.name),
        element("th", { scope: "col", class: "number" }, "samples"),
        ...runs.map(run => element("th", { scope: "col", class: "number" }, several ? run.name : table.number)),
        several ? null : element("th", { scope: "col" }, element("span", { "aria-hidden": "true" }, "0 to 100 %")));
    const rows = table.rows.map(row => element("tr", {}, element("th", { scope: "row" }, row.group),
        element("td", { class: "number" }, row.count.toLocaleString("en")),
        ...row.values.flatMap(value => value === null ? [element("td"), several ? null : element("td")] : [
            element("td", { class: "number" }, show(value.value, true),
                value.low === undefined ? null : element("div", { class: "said" }, interval(value, true))),
            several ? null : element("td", {}, bar(value))])));
    return element("div", {}, element("h3", {}, `By ${table.name}`), element("div", { class: "wide" },
        element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
}

function bar(number) {
    const made = element("div", { class: "bar", "aria-hidden": "true" });
    const part = (name, from, to) => {
        const piece = element("div", { class: name });
        piece.style.left = `${100 * from}%`;
        piece.style.width = `${100 * (to - from)}%`;
        made.append(piece);
    };
    part("fill", 0, Math.min(1, Math.max(0, number.value)));
    if (number.low !== undefined)
        part("whisker", number.low, number.high);
    return made;
}
