using System.Reflection;
using AmcEngine.Amc.Configuration;

namespace AmcEngine.Amc.CommandLine;

/// <summary>
/// Fills the home folder into arguments that begin with <c>~</c>: no shell does it behind <c>--output=</c>, nor within
/// quotes. Every text option is a path, a name that never begins so, or one of those left out here.
/// </summary>
internal static class PathArguments
{
    // A phrase is taken literally; settings are read by the key's kind.
    private static readonly HashSet<string> Literal = [nameof(ExplainOptions.Text), nameof(TrainOptions.Set)];

    /// <summary>Changes the options in place.</summary>
    public static void Expand(object options)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (!property.CanWrite || Literal.Contains(property.Name))
                continue;
            if (property.GetValue(options) is string text)
                property.SetValue(options, PathText.Expand(text));
            else if (property.PropertyType == typeof(IEnumerable<string>)
                && property.GetValue(options) is IEnumerable<string> texts)
                property.SetValue(options, texts.Select(PathText.Expand).ToArray());
        }
    }
}
