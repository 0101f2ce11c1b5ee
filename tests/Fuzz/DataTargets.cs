using System.Buffers;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using SkiaSharp;

namespace AmcEngine.Tests.Fuzz;

/// <summary>The readers of what a user trains on: annotations, vocabulary, pictures.</summary>
internal static class DataTargets
{
    /// <summary>
    /// Largest picture that is decoded: forty bytes may honestly announce and hold 16,000² equal pixels, whose decoding
    /// is slow by its nature.
    /// </summary>
    private const long MaxPixels = 1 << 16;

    private const string Sentence =
        "A red Square, left of the NAÏVE person's 3rd café-table (unaffable) 漢字 \u0001\ud800!";

    /// <summary>Reads an annotation file, and holds that saving what was read gives the same back.</summary>
    public static void Annotations(FuzzSession session)
    {
        var annotations = AnnotationFile.Load(session.Path);
        var copy = session["copy.json"];
        AnnotationFile.Save(copy, annotations);
        var again = AnnotationFile.Load(copy);
        if (annotations.Count == 0 || annotations.Count != again.Count
            || !annotations.Zip(again, Same).All(same => same))
            throw new FuzzFailure("an annotation changed on the way through a file");
    }

    /// <summary>Reads a vocabulary, encodes with it, and holds that saving it gives the same back.</summary>
    public static void Vocabulary(FuzzSession session)
    {
        var tokenizer = WordPieceTokenizer.FromVocabFile(session.Path);
        var ids = tokenizer.Encode(Sentence);
        if (ids[0] != tokenizer.ClsId || ids.Any(id => id < 0 || id >= tokenizer.VocabSize))
            throw new FuzzFailure("a sentence was encoded as ids that do not exist");
        var copy = session["copy.txt"];
        tokenizer.SaveVocab(copy);
        var again = WordPieceTokenizer.FromVocabFile(copy);
        if (!Enumerable.Range(0, tokenizer.VocabSize).Select(tokenizer.Token).SequenceEqual(
            Enumerable.Range(0, again.VocabSize).Select(again.Token)))
            throw new FuzzFailure("a token changed on the way through a file");
    }

    /// <summary>
    /// Decodes what can be of a picture where it is small, and holds that its pixels do not depend on what lay in
    /// memory before.
    /// </summary>
    public static void Picture(FuzzSession session)
    {
        var pixels = 1;
        using (var codec = SKCodec.Create(session.Path))
        {
            if (codec is not null && (long)codec.Info.Width * codec.Info.Height > MaxPixels) return;
            if (codec is not null) pixels = codec.Info.Width * codec.Info.Height;
        }
        SoilPool(4 * pixels, 0x55);
        var picture = PictureFile.Read(session.Path).Picture;
        SoilPool(4 * pixels, 0xaa);
        var again = PictureFile.Read(session.Path).Picture;
        if (picture.Pixels.Length != 3 * picture.Width * picture.Height)
            throw new FuzzFailure("the pixels do not fill the picture");
        if (!picture.Pixels.AsSpan().SequenceEqual(again.Pixels))
            throw new FuzzFailure("a picture was decoded in two ways");
    }

    /// <summary>The pool hands out the array that was returned last.</summary>
    private static void SoilPool(int length, byte value)
    {
        var array = ArrayPool<byte>.Shared.Rent(length);
        Array.Fill(array, value);
        ArrayPool<byte>.Shared.Return(array);
    }

    private static bool Same(RegionAnnotation one, RegionAnnotation other) =>
        one.Image == other.Image && one.Captions.SequenceEqual(other.Captions)
            && one.Regions.SequenceEqual(other.Regions);
}
