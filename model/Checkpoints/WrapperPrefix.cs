namespace AmcEngine.Model.Checkpoints;

/// <summary>
/// The prefix that a wrapper put before the names of a checkpoint (<c>module.</c> of data-parallel training,
/// <c>_orig_mod.</c> of a compiled model, <c>model.</c> or <c>net.</c> of a trainer's class), one or several in any
/// order.
/// </summary>
internal static class WrapperPrefix
{
    private const int MaxWrappers = 8;

    private static readonly string[] Wrappers = ["module.", "_orig_mod.", "model.", "net."];

    /// <summary>The prefix without which most names are known; empty where they are known as they stand.</summary>
    /// <param name="names">The checkpoint's names.</param>
    /// <param name="known">Whether the model knows a name.</param>
    public static string Find(IEnumerable<string> names, Func<string, bool> known)
    {
        var votes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in names)
            foreach (var length in Lengths(name))
                if (known(name[length..]))
                    votes[name[..length]] = votes.GetValueOrDefault(name[..length]) + 1;
        return votes.OrderByDescending(v => v.Value).ThenBy(v => v.Key.Length).Select(v => v.Key).FirstOrDefault("");
    }

    /// <summary>The name without the prefix, where it has it.</summary>
    public static string Strip(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;

    /// <summary>Where a name may begin behind none, one or several wrappers.</summary>
    private static IEnumerable<int> Lengths(string name)
    {
        var length = 0;
        for (var i = 0; i <= MaxWrappers; i++)
        {
            yield return length;
            var next = length;
            if (Array.Find(Wrappers, w => string.CompareOrdinal(name, next, w, 0, w.Length) == 0) is not { } wrapper)
                yield break;
            length += wrapper.Length;
        }
    }
}
