namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>Every explanation method by its name.</summary>
public static class ExplanationMethods
{
    /// <summary>All methods, the default first.</summary>
    public static IReadOnlyList<IExplanationMethod> All { get; } =
    [
        new GradCamMethod(), new GradCamPlusPlus(), new RawAttention(), new Rollout(), new Relevance(),
        new GradEclip(), new Rise(),
    ];

    /// <summary>The method of a name, or null where there is none.</summary>
    public static IExplanationMethod? Find(string name) => All.FirstOrDefault(method => method.Name == name);
}
