using System.Text.Json;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;

namespace AmcEngine.Amc.Reports;

/// <summary>Writes the numbers of an evaluation with their intervals into a JSON object.</summary>
internal static class SummaryJson
{
    /// <summary>Writes the fields <c>metrics</c> and <c>breakdown</c>.</summary>
    public static void Write(Utf8JsonWriter json, EvaluationSummary summary)
    {
        json.WriteStartObject("metrics");
        foreach ((var name, var estimate) in summary.Metrics)
            Write(json, name, estimate);
        json.WriteEndObject();
        json.WriteStartObject("breakdown");
        foreach ((var by, var parts) in summary.Breakdown)
        {
            json.WriteStartObject(by);
            foreach ((var part, var estimate) in parts)
                Write(json, part, estimate);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Estimate estimate)
    {
        json.WriteStartObject(name);
        json.WriteNumber("value", estimate.Value);
        json.WriteNumber("low", estimate.Low);
        json.WriteNumber("high", estimate.High);
        json.WriteNumber("count", estimate.Count);
        json.WriteEndObject();
    }
}
