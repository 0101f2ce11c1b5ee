using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>Fashion scenes on small made-up IDX files, and once on the real ones where they are installed.</summary>
[TestFixture]
internal sealed class FashionScenesTests : FolderTests
{
    private const string ImagesName = "t10k-images-idx3-ubyte.gz";
    private const string LabelsName = "t10k-labels-idx1-ubyte.gz";

    [SetUp]
    public void SetUp()
    {
        WriteImages(20);
        WriteLabels(20);
    }

    [Test]
    public void The_box_is_the_square_of_the_tinted_item()
    {
        var scenes = new FashionScenes(64, _folder.Path);
        for (var i = 0; i < 300; i++)
        {
            var scene = scenes.Render(0, SceneSplit.Test, i);
            (var r, var g, var b) = PixelAt(
                scene, (int)(scene.Box.X1 + scene.Box.X2) / 2, (int)(scene.Box.Y1 + scene.Box.Y2) / 2);
            var words = scene.Phrase.Split(' ');
            // The made-up pictures are fully white, so the item shows its pure colour.
            var color = NamedColor.All.Single(c => c.Name == words[1]);
            Assert.Multiple(() =>
            {
                Assert.That((r, g, b), Is.EqualTo(((int)color.R, (int)color.G, (int)color.B)));
                Assert.That(words[0], Is.EqualTo("a"));
                Assert.That(FashionMnist.ClassNames, Does.Contain(words[2]));
                Assert.That(scene.Box.Width, Is.InRange(18, 27).And.EqualTo(scene.Box.Height));
            });
        }
    }

    [Test]
    public void Pixels_and_phrases_are_the_same_on_every_machine()
    {
        var scenes = new FashionScenes(64, _folder.Path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < 30; i++)
        {
            var scene = scenes.Render(7, SceneSplit.Test, i);
            hash.AppendData(scene.Picture.Pixels);
            hash.AppendData(Encoding.UTF8.GetBytes($"{scene.Phrase} {scene.Box.X1} {scene.Box.Y1} {scene.Box.X2}"));
        }
        Assert.That(Convert.ToHexString(hash.GetHashAndReset()),
            Is.EqualTo("2A8B069DF44FE37E22F83B161E25F8BEC8C92EE97816B598BA14A188A4BEA960"));
    }

    [Test]
    public void Pictures_and_labels_are_read_in_order()
    {
        var files = FashionMnist.Load(SceneSplit.Test, _folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(files.Count, Is.EqualTo(20));
            Assert.That(files.Label(13), Is.EqualTo(3));
            Assert.That(files.Picture(19).ToArray(), Has.Length.EqualTo(784).And.All.EqualTo(255));
            Assert.That(FashionMnist.IsInstalled(SceneSplit.Test, _folder.Path), Is.True);
            Assert.That(FashionMnist.IsInstalled(SceneSplit.Train, _folder.Path), Is.False);
        });
    }

    [Test]
    public void Words_are_those_of_cleaned_phrases()
    {
        var words = SceneVocabulary.Words(SceneKinds.Fashion);
        Assert.Multiple(() =>
        {
            Assert.That(words, Is.Unique.And.Count.EqualTo(17));
            Assert.That(words, Is.SupersetOf((string[])["a", "red", "cyan", "t", "shirt", "boot"]));
        });
    }

    [Test]
    public void Missing_files_name_the_package()
    {
        var scenes = new FashionScenes(64, _folder.PathOf("none"));
        var e = Assert.Throws<DataException>(() => scenes.Render(0, SceneSplit.Train, 0))!;
        Assert.That(e.Message, Does.Contain("apt-get install dataset-fashion-mnist").And.Not.Contain("\n"));
    }

    [Test]
    public void Damaged_files_are_named()
    {
        var good = File.ReadAllBytes(_folder.PathOf(ImagesName));
        Assert.Multiple(() =>
        {
            _folder.Write(ImagesName, good[..(good.Length / 2)]);
            AssertFails($"{ImagesName}: damaged or cut off");
            _folder.Write(ImagesName, "this is no gzip file at all");
            AssertFails($"{ImagesName}: damaged or cut off");
            WriteIdx(ImagesName, [0x0801, 20, 28, 28], 20 * 784);
            AssertFails($"{ImagesName}: not an IDX file");
            WriteIdx(ImagesName, [0x0803, 20, 28, 27], 20 * 784);
            AssertFails($"{ImagesName}: not an IDX file");
            WriteIdx(ImagesName, [0x0803, 20, 28, 28], 19 * 784);
            AssertFails($"{ImagesName}: damaged or cut off");
            WriteImages(20);
            WriteLabels(19);
            AssertFails($"{LabelsName}: holds 19 labels for 20 pictures");
            WriteIdx(LabelsName, [0x0801, 20], 20, _ => 10);
            AssertFails($"{LabelsName}: holds a label above 9");
        });
    }

    [Test]
    public void The_real_files_give_scenes_in_which_a_random_point_seldom_hits()
    {
        if (!FashionMnist.IsInstalled(SceneSplit.Test))
            Assert.Ignore("Fashion-MNIST is not installed; get it with: apt-get install dataset-fashion-mnist");
        var scenes = new FashionScenes();
        var area = Enumerable.Range(0, 2_000).Average(i => scenes.Render(0, SceneSplit.Test, i).Box.Area) / (64 * 64);
        TestContext.Out.WriteLine($"mean box area {area:F4}");
        Assert.That(area, Is.InRange(0.11, 0.14));
        Assert.That(FashionMnist.Load(SceneSplit.Test).Count, Is.EqualTo(10_000));
    }

    private static (int R, int G, int B) PixelAt(Scene scene, int x, int y)
    {
        var i = (y * scene.Picture.Width + x) * 3;
        return (scene.Picture.Pixels[i], scene.Picture.Pixels[i + 1], scene.Picture.Pixels[i + 2]);
    }

    private void AssertFails(string message)
    {
        var e = Assert.Throws<DataException>(() => FashionMnist.Load(SceneSplit.Test, _folder.Path))!;
        Assert.That(e.Message, Does.Contain(message).And.Not.Contain("\n"));
    }

    private void WriteImages(int count) => WriteIdx(ImagesName, [0x0803, count, 28, 28], count * 784, _ => 255);

    private void WriteLabels(int count) => WriteIdx(LabelsName, [0x0801, count], count, i => (byte)(i % 10));

    private void WriteIdx(string name, int[] header, int length, Func<int, byte>? value = null)
    {
        var bytes = new byte[4 * header.Length + length];
        for (var i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), header[i]);
        for (var i = 0; i < length; i++)
            bytes[4 * header.Length + i] = value?.Invoke(i) ?? 0;
        using var gzip = new GZipStream(File.Create(_folder.PathOf(name)), CompressionLevel.Fastest);
        gzip.Write(bytes);
    }
}
