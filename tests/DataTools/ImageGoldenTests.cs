using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>Every picture operation against Pillow 9.4 and OpenCV 4.6, to the grey level.</summary>
[TestFixture]
[Category("Golden")]
public class ImageGoldenTests
{
    private static GoldenFile Golden => LazyGolden.Value;

    private static readonly Lazy<GoldenFile> LazyGolden = new(() => GoldenFile.Open("image.safetensors"));

    /// <summary>The cases that hold a tensor; a file need not hold every tensor for every case.</summary>
    public static IEnumerable<string> CasesWith(string tensor) =>
        Golden.Names.Where(n => n.EndsWith($"/{tensor}", StringComparison.Ordinal))
            .Select(n => n[..^(tensor.Length + 1)]).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(CasesWith), new object[] { "cv2_linear" })]
    public void Bilinear_resize_equals_OpenCV(string name)
    {
        var shape = Golden.Shape($"{name}/cv2_linear");
        AssertSame(ImageOps.ResizeBilinear(Input(name), shape[1], shape[0]).Pixels, $"{name}/cv2_linear");
    }

    [TestCaseSource(nameof(CasesWith), new object[] { "pil_bicubic" })]
    public void Bicubic_resize_equals_Pillow(string name)
    {
        var shape = Golden.Shape($"{name}/pil_bicubic");
        AssertSame(ImageOps.ResizeBicubic(Input(name), shape[1], shape[0]).Pixels, $"{name}/pil_bicubic");
    }

    [TestCaseSource(nameof(CasesWith), new object[] { "cv2_nearest" })]
    public void Nearest_mask_resize_equals_OpenCV(string name)
    {
        int[] from = Golden.Shape($"{name}/mask"), to = Golden.Shape($"{name}/cv2_nearest");
        AssertSame(NearestMask.Resize(Golden.Bytes($"{name}/mask"), from[1], from[0], to[1], to[0]),
            $"{name}/cv2_nearest");
    }

    [TestCaseSource(nameof(CasesWith), new object[] { "cv2_hsv" })]
    public void Hsv_equals_OpenCV(string name)
    {
        var rgb = Input(name).Pixels;
        var hsv = new byte[rgb.Length];
        HsvConversion.FromRgb(rgb, hsv);
        AssertSame(hsv, $"{name}/cv2_hsv");
    }

    [TestCaseSource(nameof(CasesWith), new object[] { "cv2_hsv_shifted_rgb" })]
    public void Rgb_of_shifted_hsv_equals_OpenCV(string name)
    {
        var width = Golden.Shape($"{name}/cv2_hsv")[1];
        var hsv = Golden.Bytes($"{name}/cv2_hsv");
        for (var i = 0; i < hsv.Length; i += 3)
        {
            hsv[i] = (byte)((hsv[i] + 37) % 180);
            hsv[i + 1] = (byte)Math.Min(hsv[i + 1] + 200, 255);
        }
        HsvConversion.ToRgb(hsv, hsv, width);
        AssertSame(hsv, $"{name}/cv2_hsv_shifted_rgb");
    }

    [TestCaseSource(nameof(CasesWith), new object[] { "cv2_hsv_shifted_rgb" })]
    public void Jitter_that_only_shifts_hue_and_saturation_equals_OpenCV(string name)
    {
        // trunc(255 · 37.5/255) = 37 and trunc(255 · 200.5/255) = 200: the shift of the golden file.
        var jittered = ImageOps.ColorJitter(Input(name), 1, 1, 200.5 / 255, 37.5 / 255);
        AssertSame(jittered.Pixels, $"{name}/cv2_hsv_shifted_rgb");
    }

    [TestCaseSource(nameof(CasesWith), new object[] { "cv2_gray" })]
    public void Gray_equals_OpenCV(string name)
    {
        var gray = ImageOps.ToGray(Input(name)).Pixels;
        AssertSame([.. Enumerable.Range(0, gray.Length / 3).Select(i => gray[3 * i])], $"{name}/cv2_gray");
    }

    private static RgbImage Input(string name)
    {
        var shape = Golden.Shape($"{name}/in");
        return new RgbImage(shape[1], shape[0], Golden.Bytes($"{name}/in"));
    }

    private static void AssertSame(byte[] actual, string golden)
    {
        var expected = Golden.Bytes(golden);
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        int differing = 0, largest = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            var difference = Math.Abs(actual[i] - expected[i]);
            differing += difference > 0 ? 1 : 0;
            largest = Math.Max(largest, difference);
        }
        Assert.That((largest, differing), Is.EqualTo((0, 0)),
            $"{golden}: (largest difference, values that differ) of {actual.Length}");
    }
}
