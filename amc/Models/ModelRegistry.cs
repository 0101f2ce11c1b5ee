using AmcEngine.Amc.Configuration;
using AmcEngine.Backends;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Models;

/// <summary>The kinds of models that there are. A new one is a line here.</summary>
internal static class ModelRegistry
{
    private static readonly IModelKind[] Kinds = [new AlbefKind(), new ClipKind(), new BlipKind()];

    /// <summary>Their names: the values of the key <c>model</c>, the default first.</summary>
    public static string[] Names => Array.ConvertAll(Kinds, k => k.Name);

    /// <summary>The kind of that name.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static IModelKind Find(string name) => Array.Find(Kinds, k => k.Name == name)
        ?? throw new ModelException($"there is no model \"{name}\"; choose {string.Join(", ", Names)}");

    /// <summary>The configured model with fresh weights; see <see cref="IModelKind.Create"/>.</summary>
    public static IVisionLanguageModel Create(
        RunConfig config, ITokenizer tokenizer, IBackend backend, bool forTraining, bool draw = true) =>
        Find(config.Model).Create(config, tokenizer, backend, forTraining, draw);

    /// <summary>Holds that a configuration describes the model of a run.</summary>
    /// <param name="run">The run's configuration.</param>
    /// <param name="config">The one that was given.</param>
    /// <param name="tokenizer">The run's tokenizer.</param>
    /// <param name="checkpoint">What messages call the run's checkpoint.</param>
    /// <exception cref="ConfigException">It does not; the message names the keys and both values.</exception>
    public static void RequireSame(RunConfig run, RunConfig config, ITokenizer tokenizer, string checkpoint)
    {
        string[] differing = run.Model != config.Model
            ? [$"model is {run.Model} in that run and {config.Model} here"]
            : [.. Find(run.Model).Binding(run, tokenizer).Zip(Find(run.Model).Binding(config, tokenizer))
                .Where(p => p.First.Value != p.Second.Value).Select(
                    p => $"{p.First.Key} is {p.First.Value} in that run and {p.Second.Value} here")];
        if (differing.Length > 0)
            throw new ConfigException($"{checkpoint}: {string.Join(", ", differing)}; "
                + "the keys of a run's model are binding: give its own configuration, and leave them out of --set");
    }
}
