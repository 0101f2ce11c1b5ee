using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Training;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary>The tokenizer that a checkpoint is used with.</summary>
internal static class TokenizerChoice
{
    /// <summary>
    /// The one that the checkpoint carries, since its weights belong to it; else the configuration's.
    /// </summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="config">
    /// The configuration; where its vocabulary is another than the checkpoint's, a note says so.
    /// </param>
    /// <param name="context">Where to say it.</param>
    public static ITokenizer Of(CheckpointFile checkpoint, RunConfig config, CommandContext context)
    {
        if (checkpoint.Tokenizer() is not { } own)
            return DataSources.Tokenizer(config);
        if (config.OptionalText("vocab_file") is { } path && File.Exists(path)
            && !AreEqual(own, DataSources.Tokenizer(config)))
            context.Note("vocab_file has no effect here: the checkpoint's own vocabulary is used, which is another");
        return own;
    }

    private static bool AreEqual(ITokenizer a, ITokenizer b) =>
        a.VocabSize == b.VocabSize && Enumerable.Range(0, a.VocabSize).All(id => a.Token(id) == b.Token(id));
}
