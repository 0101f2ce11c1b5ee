using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Recordings;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Models;

/// <summary>
/// A kind of model that a configuration can ask for: between the keys of configurations and the model's own settings.
/// </summary>
internal interface IModelKind
{
    /// <summary>Its value of the key <c>model</c>.</summary>
    string Name { get; }

    /// <summary>What messages call the vocabulary that comes with the program.</summary>
    string Vocabulary { get; }

    /// <summary>
    /// The tokenizer: the configured vocabulary, else the published model's, or for generated scenes their few words.
    /// </summary>
    /// <exception cref="Serialization.SerializationException">The configured vocabulary cannot be used.</exception>
    ITokenizer Tokenizer(RunConfig config);

    /// <summary>Whether users of the published model know explanations by the words alone.</summary>
    bool ExplainsWords => false;

    /// <summary>The key that says whether a pair's negatives may be those of all ranks.</summary>
    string NegativesKey => "negatives";

    /// <summary>A model with fresh weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">The tokenizer, which decides on vocabulary and special ids.</param>
    /// <param name="backend">Where to put it.</param>
    /// <param name="forTraining">Whether it is to have what training alone needs (momentum copies, queues).</param>
    /// <param name="draw">
    /// Whether first values are drawn at once, or those of a tensor when it is first asked for: never where a
    /// checkpoint brings others before.
    /// </param>
    /// <exception cref="ModelException">Sizes do not fit together.</exception>
    /// <exception cref="ConfigException">The tokenizer does not fit the sizes.</exception>
    IVisionLanguageModel Create(
        RunConfig config, ITokenizer tokenizer, IBackend backend, bool forTraining, bool draw);

    /// <summary>
    /// The keys that make a run's model what it is, with their values: none may be another when its checkpoint is used,
    /// also where the shapes would fit (heads, the explained layer). <c>image_res</c> is not among them, since position
    /// embeddings are resized; nor are those that shape the training alone.
    /// </summary>
    /// <exception cref="ModelException">Sizes do not fit together.</exception>
    IReadOnlyList<(string Key, int Value)> Binding(RunConfig config, ITokenizer tokenizer);

    /// <summary>The model of a recorded training step, with the weights of the rule.</summary>
    /// <exception cref="ModelException">The recording does not describe one.</exception>
    IVisionLanguageModel Replay(GoldenCase golden, IBackend backend, DType dtype);
}
