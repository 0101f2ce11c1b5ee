using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>Writes regions as <see cref="RegionReader"/> reads them.</summary>
/// <param name="json">Where.</param>
internal sealed class RegionWriter(Utf8JsonWriter json)
{
    /// <summary>Whether a region is as simple as the reference's format: a box of weight 1.</summary>
    public static bool IsPlain(Region region) => region is Box { Weight: 1 };

    /// <summary>Writes one region as an object.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The kind of region is not known.</exception>
    public void Write(Region region)
    {
        json.WriteStartObject();
        switch (region)
        {
            case Box box:
                json.WritePropertyName("box");
                WriteCorners(box);
                break;
            case Polygon polygon:
                WritePositions("polygon", polygon.Points);
                break;
            case Scribble scribble:
                WritePositions("scribble", scribble.Points);
                json.WriteNumber("width", scribble.Width);
                break;
            case Points points:
                WritePositions("points", points.Centers);
                json.WriteNumber("radius", points.Radius);
                break;
            case MaskPicture { Path.Length: > 0 } mask:
                json.WriteString("mask", mask.Path);
                break;
            case PixelRegion pixels:
                WriteRuns(pixels as RunLength ?? RunLength.Of(pixels.Rasterize(pixels.Width, pixels.Height)));
                break;
            case CompoundRegion compound:
                json.WriteStartArray(compound is Union ? "union" : "choice");
                foreach (var part in compound.Parts)
                    Write(part);
                json.WriteEndArray();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(region), region, "unknown kind of region");
        }
        if (region.Weight != 1)
            json.WriteNumber("weight", region.Weight);
        json.WriteEndObject();
    }

    /// <summary>Writes a box as [x1, y1, x2, y2].</summary>
    public void WriteCorners(Box box) => WriteNumbers(box.X1, box.Y1, box.X2, box.Y2);

    private void WriteRuns(RunLength runs)
    {
        json.WriteStartObject("rle");
        json.WritePropertyName("size");
        WriteNumbers(runs.Height, runs.Width);
        json.WriteString("counts", RunLengthText.Encode(runs.Counts));
        json.WriteEndObject();
    }

    private void WritePositions(string name, IReadOnlyList<(double X, double Y)> positions)
    {
        json.WriteStartArray(name);
        foreach (var (x, y) in positions)
            WriteNumbers(x, y);
        json.WriteEndArray();
    }

    private void WriteNumbers(params ReadOnlySpan<double> numbers)
    {
        json.WriteStartArray();
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
