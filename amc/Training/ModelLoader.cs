using AmcEngine.Amc.Configuration;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>Loads a model to use it, without its momentum copy.</summary>
internal static class ModelLoader
{
    /// <summary>Loads a model.</summary>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="config">The model's sizes.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="backend">Where to put it.</param>
    /// <param name="details">Where to say what was loaded, or null.</param>
    /// <exception cref="ModelException">The weights do not fit the sizes.</exception>
    public static Albef Load(CheckpointFile checkpoint, RunConfig config, WordPieceTokenizer tokenizer, IBackend backend, TextWriter? details)
    {
        Albef model = Albef.Create(ModelSettings.Create(config, tokenizer), backend, DType.F32, config.Seed, withMomentum: false);
        try
        {
            LoadReport report = checkpoint.LoadInto(model);
            details?.WriteLine($"{checkpoint.Path}: {report}");
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
