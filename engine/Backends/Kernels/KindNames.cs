namespace AmcEngine.Backends.Kernels;

/// <summary>Kernel names from the members of an enumeration: "GeluBackward" is "gelu backward".</summary>
internal static class KindNames
{
    /// <summary>The names in the order of the members.</summary>
    public static string[] Of<TKind>() where TKind : struct, Enum => Array.ConvertAll(Enum.GetNames<TKind>(), Spaced);

    private static string Spaced(string kind) =>
        string.Concat(kind.Select((c, i) => (i > 0 && char.IsUpper(c) ? " " : "") + char.ToLowerInvariant(c)));
}
