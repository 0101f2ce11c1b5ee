// Reads the page's data and shows it.

function followTheme() {
    const choice = byId("theme");
    // Stored choices may be forbidden to a page that was opened as a file.
    try {
        choice.value = localStorage.getItem("amcx-theme") ?? "auto";
    } catch { /* stays as the system has it */ }
    const apply = () => { document.documentElement.dataset.theme = choice.value; };
    choice.addEventListener("input", () => {
        apply();
        try {
            localStorage.setItem("amcx-theme", choice.value);
        } catch { /* is forgotten */ }
    });
    apply();
}

followTheme();
const page = JSON.parse(byId("data").textContent);
byId("title").textContent = page.title;
showNumbers(page);
showBreakdowns(page);
showCharts(page);
showCases(page);
