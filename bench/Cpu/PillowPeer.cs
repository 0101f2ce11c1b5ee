using System.Diagnostics;
using System.Globalization;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Cpu;

/// <summary>
/// The training transform as Python has it: Pillow decodes, resizes and changes colours, NumPy normalises. It runs in a
/// process of its own, on one thread, and works only when asked.
/// </summary>
internal sealed class PillowPeer : IDisposable
{
    // The same work for a picture: RGB, 256 × 256 bilinear, mirrored 0.5, grey 0.2, jitter 0.5 (brightness by the mean
    // and contrast from one table; hue and saturation shifted), floats with the channels first, and a box's mask. Or
    // as ALBEF is pre-trained: a random crop resized by the bicubic rule, mirrored, two draws of RandAugment.
    private const string Script = """
        import glob, os, random, sys, time
        from math import cos, exp, log, pi, sin, sqrt
        try:
            import numpy, PIL
            from PIL import Image, ImageEnhance, ImageOps, ImageStat
        except ImportError:
            print('error Pillow and NumPy are not installed', flush=True)
            sys.exit(1)
        files = sorted(glob.glob(os.path.join(sys.argv[1], '*.jpg')))
        side, crops = int(sys.argv[2]), sys.argv[3] == 'crops'
        mean = numpy.array([0.48145466, 0.4578275, 0.40821073], numpy.float32)[:, None, None]
        std = numpy.array([0.26862954, 0.26130258, 0.27577711], numpy.float32)[:, None, None]
        scale, shift = 1 / (255 * std), mean / std
        def jitter(image, r):
            b, c, s, h = r.uniform(.6, 1.4), r.uniform(.6, 1.4), r.uniform(.6, 1.4), r.uniform(-.4, .4)
            offset = (b - 1) * sum(ImageStat.Stat(image).mean) / 3
            image = image.point([min(255, max(0, int(v * c + offset))) for v in range(256)] * 3)
            hue, saturation, value = image.convert('HSV').split()
            hue = hue.point([(v + int(255 * h)) % 256 for v in range(256)])
            saturation = saturation.point([min(255, v + int(255 * s)) for v in range(256)])
            return Image.merge('HSV', (hue, saturation, value)).convert('RGB')
        def crop(width, height, r):
            while True:
                area, ratio = width * height * r.uniform(.2, 1), exp(r.uniform(log(3 / 4), log(4 / 3)))
                w, h = round(sqrt(area * ratio)), round(sqrt(area / ratio))
                if w <= width and h <= height:
                    x, y = r.randint(0, width - w), r.randint(0, height - h)
                    return x, y, x + w, y + h
        def moved(image, mask, map):
            return (image.transform(image.size, Image.AFFINE, map, Image.BILINEAR, fillcolor=(128, 128, 128)),
                    mask.transform(mask.size, Image.AFFINE, map, Image.NEAREST))
        def augment(image, mask, r):
            for op in [r.randrange(10) for _ in range(2)]:
                if r.random() >= .5 or op == 0:
                    continue
                s = r.choice((-1, 1))
                if op == 1: image = ImageOps.autocontrast(image)
                elif op == 2: image = ImageOps.equalize(image)
                elif op == 3: image = ImageEnhance.Brightness(image).enhance(1.36)
                elif op == 4: image = ImageEnhance.Sharpness(image).enhance(1.36)
                elif op == 5: image, mask = moved(image, mask, (1, .21 * s, 0, 0, 1, 0))
                elif op == 6: image, mask = moved(image, mask, (1, 0, 0, .21 * s, 1, 0))
                elif op == 7: image, mask = moved(image, mask, (1, 0, 7 * s, 0, 1, 0))
                elif op == 8: image, mask = moved(image, mask, (1, 0, 0, 0, 1, 7 * s))
                else:
                    a, b, m = cos(21 * s * pi / 180), sin(21 * s * pi / 180), side / 2
                    image, mask = moved(image, mask, (a, b, (1 - a) * m - b * m, -b, a, b * m + (1 - a) * m))
            return image, mask
        def sample(path, r):
            image = Image.open(path)
            width, height = image.size
            box = crop(width, height, r) if crops else (0, 0, width, height)
            image = image.convert('RGB').crop(box).resize((side, side), Image.BICUBIC if crops else Image.BILINEAR)
            mask = numpy.zeros((height, width), numpy.uint8)
            mask[height // 4:height // 2, width // 4:width // 2] = 1
            mask = Image.fromarray(mask).crop(box).resize((side, side), Image.NEAREST)
            if r.random() < .5:
                image, mask = ImageOps.mirror(image), ImageOps.mirror(mask)
            if crops:
                image, mask = augment(image, mask, r)
            else:
                if r.random() < .2:
                    image = image.convert('L').convert('RGB')
                if r.random() < .5:
                    image = jitter(image, r)
            pixels = numpy.asarray(image).transpose(2, 0, 1).astype(numpy.float32)
            pixels *= scale
            pixels -= shift
            return pixels, numpy.asarray(mask).astype(numpy.float32)
        print('hello Pillow', PIL.__version__, 'and NumPy', numpy.__version__, flush=True)
        for line in sys.stdin:
            r = random.Random(1)
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(int(line)):
                for path in files:
                    sample(path, r)
            print('time', time.perf_counter() - wall, time.process_time() - cpu, flush=True)
        """;

    private readonly LineProcess _process;

    private PillowPeer(LineProcess process) => _process = process;

    /// <summary>The versions.</summary>
    public string Details => _process.Details;

    /// <summary>Starts it; null where Python or one of the two is not installed.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="side">Side of the samples.</param>
    /// <param name="crops">Whether as ALBEF is pre-trained.</param>
    public static PillowPeer? Start(string folder, int side, bool crops)
    {
        // The system's Python has the system's packages, whatever other Python comes first on the path.
        foreach (var python in new[] { "/usr/bin/python3", "python3" })
        {
            var start = new ProcessStartInfo(
                python, ["-c", Script, folder, side.ToString(CultureInfo.InvariantCulture), crops ? "crops" : "whole"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            start.Environment["OMP_NUM_THREADS"] = start.Environment["OPENBLAS_NUM_THREADS"] = "1";
            try
            {
                return new PillowPeer(new LineProcess(start));
            }
            catch (BenchException)
            {
                // There is none of that name, or it lacks one of the two.
            }
        }
        return null;
    }

    /// <summary>
    /// Makes a sample of each picture, so many times over; seconds by the clock and of the processor.
    /// </summary>
    /// <exception cref="BenchException">It has ended.</exception>
    public (double Wall, double Cpu) Run(int times)
    {
        var seconds = _process.AskNumbers(times.ToString(CultureInfo.InvariantCulture), "time");
        return (seconds[0], seconds[1]);
    }

    public void Dispose() => _process.Dispose();
}
