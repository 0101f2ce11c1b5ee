using System.Diagnostics;
using System.Globalization;
using AmcEngine.Bench.Harness;
using AmcEngine.DataTools;

namespace AmcEngine.Bench.Cpu;

/// <summary>
/// Training samples from JPEG files on one thread: read, decoded, resized, augmented by the recipe, normalised, with
/// their mask; beside Pillow and NumPy, which take turns with it.
/// </summary>
internal static class PipelineCommand
{
    private const int Pictures = 16, Width = 500, Height = 375, Side = 256;

    /// <summary>Writes the table.</summary>
    public static void Report(TableOptions options, TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("amcx-bench-").FullName;
        try
        {
            WritePictures(folder);
            Report(folder, AugmentationOptions.Recipe, options.Quick, output);
            Report(folder, AugmentationOptions.Albef, options.Quick, output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Report(string folder, AugmentationOptions augmentation, bool quick, TextWriter output)
    {
        var crops = augmentation.LeastCrop < 1;
        using var pillow = PillowPeer.Start(folder, Side, crops);
        var cache = PictureCache.Open(Path.Combine(folder, "cache"), 1L << 30);
        List<(string Name, Func<int, (double, double)> Run)> sides =
            [("samples", Samples(folder, augmentation, new PictureOptions()))];
        sides.Add(("the same, fast_decode", Samples(folder, augmentation, new PictureOptions { FastDecode = true })));
        sides.Add(("the same, from a warm cache", Samples(folder, augmentation, new PictureOptions { Cache = cache })));
        if (pillow is not null)
            sides.Add((pillow.Details, pillow.Run));
        output.WriteLine();
        output.WriteLine(crops ? "As ALBEF is pre-trained (`augmentation: albef`): random crop, bicubic, RandAugment."
            : "As AMC is trained: bilinear, grey, colour jitter.");
        Table(sides, quick, pillow is not null, output);
        if (pillow is null)
            output.WriteLine("Pillow and NumPy are missing: apt-get install python3-pil python3-numpy");
    }

    private static void Table(List<(string Name, Func<int, (double Wall, double Cpu)> Run)> sides, bool quick,
        bool hasPeer, TextWriter output)
    {
        int rounds = quick ? 3 : 9, times = quick ? 4 : 8;
        // The compiler replaces a method's first version a while after it was called often enough.
        for (var i = 0; i < 3; i++)
        {
            foreach (var side in sides) side.Run(4);
            Thread.Sleep(250);
        }
        var measured = sides.Select(_ => new List<(double Wall, double Cpu)>()).ToArray();
        for (var r = 0; r < rounds; r++)
            for (var s = 0; s < sides.Count; s++) measured[s].Add(sides[s].Run(times));

        var peer = hasPeer ? Cpu(measured[^1]) : double.NaN;
        var table = new MarkdownTable(
            "one thread", "pictures a second", "fewest ms of processor", "median", "× Pillow");
        for (var s = 0; s < sides.Count; s++)
        {
            var runs = measured[s];
            var each = 1e3 / (times * Pictures);
            table.Add(sides[s].Name,
                Text($"{times * Pictures / runs.Min(r => r.Wall):0}"),
                Text($"{each * runs.Min(r => r.Cpu):0.00}"), Text($"{each * Cpu(runs):0.00}"),
                hasPeer ? Text($"{peer / Cpu(runs):0.00}") : MarkdownTable.None);
        }
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Pictures} JPEG of {Width} × {Height} to "
            + $"{Side} × {Side}, {rounds} rounds in turn of {times} times all; "
            + $"the ratio is that of the median seconds of processor."));
        table.Write(output);

        static double Cpu(List<(double Wall, double Cpu)> runs) => new Rounds([.. runs.Select(r => r.Cpu)]).Median;
    }

    private static Func<int, (double Wall, double Cpu)> Samples(
        string folder, AugmentationOptions augmentation, PictureOptions pictures)
    {
        var data = new AnnotationDataset([Path.Combine(folder, "pictures.json")], folder,
            new AnnotationDatasetOptions { ImageSize = Side, Augmentation = augmentation, Pictures = pictures });
        float[] image = new float[3 * Side * Side], mask = new float[Side * Side];
        var epoch = 0;
        return times =>
        {
            using var self = Process.GetCurrentProcess();
            var start = Stopwatch.GetTimestamp();
            var cpu = self.TotalProcessorTime;
            for (var t = 0; t < times; t++, epoch++)
            {
                for (var i = 0; i < data.Count; i++)
                {
                    var sample = data.Get(i, 1, epoch);
                    sample.WriteImage(image);
                    sample.Mask.CopyTo(mask, 0);
                }
            }
            self.Refresh();
            return (Stopwatch.GetElapsedTime(start).TotalSeconds, (self.TotalProcessorTime - cpu).TotalSeconds);
        };
    }

    // Soft spots, stripes, edges and noise: as many bytes as a photograph of that size has.
    private static void WritePictures(string folder)
    {
        for (var n = 0; n < Pictures; n++)
        {
            var random = new SeededRandom((ulong)n);
            var light = new float[Width * Height * 3];
            for (var spot = 0; spot < 60; spot++)
                AddSpot(light, random, hard: spot % 3 == 0);
            var picture = new RgbImage(Width, Height);
            for (var i = 0; i < light.Length; i++)
                picture.Pixels[i] = (byte)Math.Clamp(128 + light[i] + random.Uniform(-7, 7), 0, 255);
            picture.SaveJpeg(Path.Combine(folder, $"{n:D2}.jpg"), 90);
        }
        AnnotationFile.Save(Path.Combine(folder, "pictures.json"), Enumerable.Range(0, Pictures).Select(
            n => new RegionAnnotation($"{n:D2}.jpg", ["a spot"],
                [new Box(Width / 4f, Height / 4f, Width / 2f, Height / 2f)])));
    }

    private static void AddSpot(float[] light, SeededRandom random, bool hard)
    {
        double x0 = random.Uniform(0, Width), y0 = random.Uniform(0, Height), size = random.Uniform(8, 120);
        double stripes = random.Uniform(0.02, 0.6), angle = random.Uniform(0, Math.PI);
        double[] colour = [random.Uniform(-60, 60), random.Uniform(-60, 60), random.Uniform(-60, 60)];
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var far = ((x - x0) * (x - x0) + (y - y0) * (y - y0)) / (size * size);
                if (far > 6)
                    continue;
                var wave = Math.Sin(stripes * (x * Math.Cos(angle) + y * Math.Sin(angle)));
                var level = Math.Exp(-far) * (0.6 + 0.4 * wave) + (hard && far < 1 ? 0.7 : 0);
                for (var c = 0; c < 3; c++)
                    light[3 * (y * Width + x) + c] += (float)(level * colour[c]);
            }
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
