using System.Globalization;
using System.Text;
using AmcEngine.Bench.Harness;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench vg-files</c>.</summary>
internal sealed class VisualGenomeFilesOptions
{
    /// <summary>The folder to write.</summary>
    [Option("out", Required = true)]
    public string Out { get; set; } = "";

    /// <summary>How many region descriptions.</summary>
    [Option("regions", Default = 5_000_000)]
    public int Regions { get; set; } = 5_000_000;
}

/// <summary>
/// Writes made-up files in the layout of Visual Genome, as large as wanted: 50 region descriptions and 25 objects with
/// attributes a picture, as the original has on average. What <c>amcx data vg</c> takes for them says how it scales.
/// </summary>
internal static class VisualGenomeFiles
{
    private const int RegionsPerPicture = 50;
    private const int ObjectsPerPicture = 25;

    private static readonly string[] Words =
        ["the", "red", "car", "parked", "on", "a", "street", "near", "tall", "building", "with", "white", "windows",
            "man", "walking", "dog"];

    /// <summary>Writes the three files.</summary>
    /// <exception cref="ArgumentsException">The count is not positive.</exception>
    public static void Write(VisualGenomeFilesOptions options, TextWriter output)
    {
        if (options.Regions < 1)
            throw new ArgumentsException($"bench vg-files: --regions {options.Regions} must be at least 1");
        var pictures = (options.Regions + RegionsPerPicture - 1) / RegionsPerPicture;
        Directory.CreateDirectory(options.Out);
        WriteList(options.Out, "image_data.json", pictures, (text, i) => text.Append(CultureInfo.InvariantCulture,
            $$"""{"width": 800, "url": "https://cs.stanford.edu/people/rak248/VG_100K_2/{{i}}.jpg", "height": 600, "image_id": {{i}}, "coco_id": null, "flickr_id": null}"""));
        WriteList(options.Out, "region_descriptions.json", pictures, (text, i) =>
        {
            text.Append("{\"regions\": [");
            for (var r = i * RegionsPerPicture; r < Math.Min((i + 1) * RegionsPerPicture, options.Regions); r++)
            {
                text.Append(r % RegionsPerPicture == 0 ? "" : ", ");
                var hash = Hash(r);
                text.Append(CultureInfo.InvariantCulture,
                    $$"""{"region_id": {{r}}, "width": {{hash % 300 + 1}}, "height": {{hash / 7 % 300 + 1}}, "image_id": {{i}}, "phrase": "{{Words[hash % 16]}} {{Words[hash / 16 % 16]}} {{Words[hash / 256 % 16]}} {{Words[hash / 4096 % 16]}} {{Words[hash / 65536 % 16]}}", "y": {{hash / 11 % 600}}, "x": {{hash / 13 % 800}}}""");
            }
            text.Append(CultureInfo.InvariantCulture, $$"""], "id": {{i}}}""");
        });
        WriteList(options.Out, "attributes.json", pictures, (text, i) =>
        {
            text.Append(CultureInfo.InvariantCulture, $$"""{"image_id": {{i}}, "attributes": [""");
            for (var o = 0; o < ObjectsPerPicture; o++)
            {
                text.Append(o == 0 ? "" : ", ");
                var hash = Hash((i * ObjectsPerPicture) + o + 12345);
                text.Append(CultureInfo.InvariantCulture,
                    $$"""{"synsets": ["car.n.01"], "h": {{hash % 200 + 1}}, "object_id": {{(i * ObjectsPerPicture) + o}}, "names": ["{{Words[hash % 16]}}"], "w": {{hash / 7 % 200 + 1}}, "attributes": ["{{Words[hash / 16 % 16]}}"], "y": {{hash / 11 % 600}}, "x": {{hash / 13 % 800}}}""");
            }
            text.Append("]}");
        });
        output.WriteLine($"{options.Regions} region descriptions of {pictures} pictures written to {options.Out}");
    }

    private static void WriteList(string folder, string name, int count, Action<StringBuilder, int> element)
    {
        using var stream = new StreamWriter(
            Path.Combine(folder, name), append: false, new UTF8Encoding(false), 1 << 20);
        var text = new StringBuilder();
        stream.Write('[');
        for (var i = 0; i < count; i++)
        {
            text.Clear();
            text.Append(i == 0 ? "" : ", ");
            element(text, i);
            stream.Write(text);
        }
        stream.Write(']');
    }

    // The same numbers on every machine.
    private static uint Hash(int value)
    {
        var x = (uint)value * 2654435769u;
        x ^= x >> 15;
        x *= 2246822519u;
        return x ^ (x >> 13);
    }
}
