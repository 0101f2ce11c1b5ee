using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AmcEngine.Files;

namespace AmcEngine.Amc.Reports.Page;

/// <summary>
/// Puts a page together: one file that holds its style, its script and its data, and asks nothing of the network. The
/// browser is told to run that script alone, so that no phrase of a data set can become one.
/// </summary>
internal static class PageFile
{
    private static readonly string[] Scripts =
    [
        "elements.js", "map.js", "numbers.js", "charts.js", "cases.js", "page.js"
    ];

    private static readonly JsonSerializerOptions Options = new()
    {
        // The default would write each plus of a picture's bytes as six characters.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new ShortNumbers() },
    };

    /// <summary>Writes the page.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, PageData data) => DurableFile.Write(path, Compose(data));

    /// <summary>The page.</summary>
    public static string Compose(PageData data)
    {
        var style = Read("page.css");
        var script = $"\"use strict\";\n(() => {{\n{string.Concat(Scripts.Select(Read))}}})();\n";
        var policy = $"default-src 'none'; img-src data:; style-src '{Hash(style)}'; script-src '{Hash(script)}'";
        // Each mark is replaced where it stands in the template, so that data which looks like a mark stays as it is.
        (string Mark, string Text)[] parts =
        [
            ("{{policy}}", policy), ("{{title}}", WebUtility.HtmlEncode(data.Title)), ("{{style}}", style),
            ("{{data}}", Json(data)), ("{{script}}", script),
        ];
        var page = new StringBuilder();
        var rest = Read("page.html");
        foreach ((var mark, var text) in parts)
        {
            var place = rest.IndexOf(mark, StringComparison.Ordinal);
            page.Append(rest, 0, place).Append(text);
            rest = rest[(place + mark.Length)..];
        }
        return page.Append(rest).ToString();
    }

    /// <summary>How many bytes a case takes in the page, but for its picture.</summary>
    public static int Size(PageCase one) => JsonSerializer.SerializeToUtf8Bytes(one, Options).Length;

    // Without this sign no text can end the element that it stands in; it is found in texts alone.
    private static string Json(PageData data) =>
        JsonSerializer.Serialize(data, Options).Replace("<", "\\u003C", StringComparison.Ordinal);

    private static string Hash(string text) =>
        $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Read(string name)
    {
        var resource = $"AmcEngine.Amc.Reports.Page.{name}";
        using var stream = typeof(PageFile).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"{resource} is not embedded.");
        // A browser hashes texts with line feeds alone.
        return new StreamReader(stream).ReadToEnd().ReplaceLineEndings("\n");
    }

    /// <summary>Numbers with as many digits as are seen.</summary>
    private sealed class ShortNumbers : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) =>
            writer.WriteRawValue(FormattableString.Invariant($"{(double.IsFinite(value) ? value : 0):G6}"));
    }
}
