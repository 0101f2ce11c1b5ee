using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using AmcEngine.Amc.Drawing;
using AmcEngine.DataTools;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Evaluation;

/// <summary>The result of an evaluation as files.</summary>
/// <param name="Result">The numbers.</param>
/// <param name="Split">What the data is called.</param>
/// <param name="Protocol">How it was measured.</param>
/// <param name="Checkpoint">The model's file as the user named it.</param>
internal sealed record EvaluationReport(PointingResult Result, string Split, string Protocol, string Checkpoint)
{
    private const int Examples = 24;

    /// <summary>Writes one JSON object.</summary>
    public void SaveJson(string path)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("pointing_accuracy", Result.Accuracy);
            json.WriteNumber("random_accuracy", Result.RandomAccuracy);
            json.WriteNumber("count", Result.Count);
            json.WriteString("split", Split);
            json.WriteString("protocol", Protocol);
            json.WriteString("checkpoint", Checkpoint);
            json.WriteNumber("seconds", Math.Round(Result.Seconds, 3));
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        DurableOutput.Write(path, buffer.ToArray());
    }

    /// <summary>Writes a page with the numbers and the first examples; pictures are inside the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="explainer">The model.</param>
    /// <param name="questions">The test set.</param>
    public void SaveHtml(string path, Explainer explainer, IReadOnlyList<EvaluationSample> questions)
    {
        EvaluationSample[] shown = [.. Enumerable.Range(0, Math.Min(Examples, questions.Count)).Select(i => questions[i])];
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $$"""
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Pointing game: {{Encode(Split)}}</title>
            <style>body{font:16px sans-serif;margin:2em;max-width:1100px}figure{display:inline-block;width:240px;margin:8px;vertical-align:top}
            figure img{width:240px}.hit{color:#007a2c}.miss{color:#c01820}td{padding:2px 14px 2px 0}</style>
            <h1>Pointing game: {{Encode(Split)}}</h1>
            <table><tr><td>Pointing accuracy<td><b>{{100 * Result.Accuracy:0.00}} %</b><tr><td>A random point<td>{{100 * Result.RandomAccuracy:0.00}} %
            <tr><td>Samples<td>{{Result.Count}}<tr><td>Checkpoint<td>{{Encode(Checkpoint)}}<tr><td>Protocol<td>{{Encode(Protocol)}}</table>
            <h2>The first {{shown.Length}} samples</h2>

            """);
        foreach (EvaluationSample sample in shown)
        {
            Heatmap map = explainer.Explain([sample], ExplanationPicture.Factor(sample.Picture.Width, sample.Picture.Height))[0];
            (int x, int y) = explainer.Explain([sample])[0].Peak();
            bool hit = PointingGame.IsHit(x, y, sample.Boxes);
            byte[] png = ExplanationPicture.Encode(sample, map, (x, y), hit);
            html.Append(CultureInfo.InvariantCulture, $"<figure><img alt=\"heatmap\" src=\"data:image/png;base64,{Convert.ToBase64String(png)}\">");
            html.Append(CultureInfo.InvariantCulture, $"<figcaption class=\"{(hit ? "hit" : "miss")}\">{Encode(sample.Caption)}: {(hit ? "hit" : "miss")}</figcaption></figure>\n");
        }
        DurableOutput.Write(path, Encoding.UTF8.GetBytes(html.Append("</html>\n").ToString()));
    }

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
