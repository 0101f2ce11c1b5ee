using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Explainers;

[TestFixture]
internal sealed class PictureEncodingsTests
{
    private static readonly RgbImage[] Pictures = [.. Enumerable.Range(0, 3).Select(Noise)];

    /// <summary>Batches of two questions about the pictures 0 1, 0 2, 1 0; room for both, for one, for none.</summary>
    [TestCase(2, 3)]
    [TestCase(1, 4)]
    [TestCase(0, 6)]
    public void Pictures_are_encoded_again_only_where_there_was_no_room(int room, int encoded)
    {
        using var backend = new CpuBackend(1);
        using var model = SmallModel.Create(backend, DType.F32);
        var before = backend.LiveBytes;
        var grounder = new CountingGrounder(model.Grounder(new GroundingSettings()));
        float[] one = Tokens(grounder, model, 0), other = Tokens(grounder, model, 1);
        var third = Tokens(grounder, model, 2);
        grounder.Pictures = 0;
        var encodings = new PictureEncodings(model, grounder, room * one.Length * sizeof(float));
        (int Picture, int? Next)[][] batches = [[(0, 2), (1, 4)], [(0, 5), (2, null)], [(1, null), (0, null)]];
        float[][] expected = [[.. one, .. other], [.. one, .. third], [.. other, .. one]];
        foreach ((var batch, var tokens) in batches.Zip(expected))
        {
            using var scope = MemoryScope.Begin();
            var got = encodings.Of([.. batch.Select(b => new PhraseInPicture(Pictures[b.Picture], "")
            {
                Next = b.Next
            })]);
            // To the bit, whatever stood beside it when it was encoded.
            Assert.That(got.Tokens.ToArray<float>(), Is.EqualTo(tokens));
            Assert.That(got.Index, Is.Null);
        }
        Assert.That(grounder.Pictures, Is.EqualTo(encoded));
        // No question follows, so that nothing is kept.
        Assert.That(backend.LiveBytes, Is.EqualTo(before));
    }

    [Test]
    public void Questions_about_one_picture_name_its_row_and_what_is_kept_can_be_let_go()
    {
        using var backend = new CpuBackend(1);
        using var model = SmallModel.Create(backend, DType.F32);
        var before = backend.LiveBytes;
        var encodings = new PictureEncodings(model, model.Grounder(new GroundingSettings()), 1 << 20);
        using (MemoryScope.Begin())
        {
            int[] asked = [1, 0, 1];
            var got = encodings.Of([.. asked.Select(i => new PhraseInPicture(Pictures[i], "") { Next = 9 })]);
            Assert.That(got.Tokens.Shape[0], Is.EqualTo(2));
            Assert.That(got.Index!.ToArray<int>(), Is.EqualTo(new[] { 0, 1, 0 }));
        }
        Assert.That(backend.LiveBytes, Is.GreaterThan(before));
        encodings.Release();
        Assert.That(backend.LiveBytes, Is.EqualTo(before));
    }

    private static float[] Tokens(IGrounder grounder, IVisionLanguageModel model, int picture)
    {
        using var scope = MemoryScope.Begin();
        return new PictureEncodings(model, grounder, 0).Of([new PhraseInPicture(Pictures[picture], "")])
            .Tokens.ToArray<float>();
    }

    private static RgbImage Noise(int seed)
    {
        var pixels = new byte[8 * 8 * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(8, 8, pixels);
    }

    private sealed class CountingGrounder(IGrounder inner) : IGrounder
    {
        public int Pictures { get; set; }

        public GroundingMode Mode => inner.Mode;

        public int Layer => inner.Layer;

        public IReadOnlyList<int> Layers => inner.Layers;

        public ImageEncoding EncodeImages(Tensor images)
        {
            Pictures += images.Shape[0];
            return inner.EncodeImages(images);
        }

        public TextEncoding EncodeTexts(TokenBatch texts) => inner.EncodeTexts(texts);

        public Grounding Ground(ImageEncoding images, TextEncoding texts) => inner.Ground(images, texts);

        public IReadOnlyList<Grounding> GroundLayers(
            ImageEncoding images, TextEncoding texts, IReadOnlyList<int> layers) =>
            inner.GroundLayers(images, texts, layers);

        public RecordedGrounding Record(
            Tensor images, TokenBatch texts, IReadOnlyCollection<AttentionKind> kinds) =>
            inner.Record(images, texts, kinds);
    }
}
