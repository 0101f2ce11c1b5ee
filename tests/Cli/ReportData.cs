using System.Text.Json.Nodes;

namespace AmcEngine.Tests.Cli;

/// <summary>What a report's page shows, taken out of it.</summary>
internal static class ReportData
{
    /// <summary>Of a page in a file.</summary>
    public static JsonNode Of(string path) => In(File.ReadAllText(path));

    /// <summary>Of a page.</summary>
    public static JsonNode In(string page)
    {
        const string Start = "<script id=\"data\" type=\"application/json\">";
        var from = page.IndexOf(Start, StringComparison.Ordinal) + Start.Length;
        return JsonNode.Parse(page[from..page.IndexOf("</script>", from, StringComparison.Ordinal)])!;
    }
}
