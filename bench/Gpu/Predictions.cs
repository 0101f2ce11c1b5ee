using System.Text.Json;
using System.Text.Json.Nodes;

namespace AmcEngine.Bench.Gpu;

/// <summary>Seconds predicted for each benchmark on an H100, in <c>predictions.json</c> beside the program.</summary>
internal static class Predictions
{
    // What good kernels reach of the roofs: arithmetic, memory.
    private const double ArithmeticShare = 0.6, MemoryShare = 0.7;

    /// <summary>The predictions of the file; none where it is missing.</summary>
    public static IReadOnlyDictionary<string, double> Load()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Gpu", "predictions.json");
        return File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, double>>(File.ReadAllText(path))! : [];
    }

    /// <summary>What the file starts from: the roofline at the usual shares.</summary>
    public static JsonObject Start() => new(KernelCases.All(quick: false)
        .Select(c => c.Work)
        .Append(FullSizeCheck.Estimate)
        .Select(w => KeyValuePair.Create(w.Name, (JsonNode?)double.Parse(
            Usual(w.Flop, w.Bytes, Roofline.H100).ToString("E3", System.Globalization.CultureInfo.InvariantCulture),
            System.Globalization.CultureInfo.InvariantCulture))));

    /// <summary>Seconds of good kernels of no known kind: the roofline at the usual shares.</summary>
    public static double Usual(double flops, double bytes, Roofline roof) =>
        Math.Max(flops / roof.Flops / ArithmeticShare, bytes / roof.Bytes / MemoryShare);
}
