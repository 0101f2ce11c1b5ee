namespace AmcEngine.Amc.Configuration;

/// <summary>A value of a YAML file.</summary>
/// <param name="Line">Where it begins, from 1.</param>
internal abstract record YamlValue(long Line)
{
    /// <summary>Whether an alias (<c>*name</c>) repeats it.</summary>
    public bool IsReused { get; set; }

    /// <summary>What a message calls it.</summary>
    public abstract string Description { get; }
}

/// <summary>A text, number or truth.</summary>
/// <param name="Text">As written, without quotes.</param>
/// <param name="IsPlain">Whether it stood without quotes.</param>
/// <param name="Line">Where it begins.</param>
internal sealed record YamlScalar(string Text, bool IsPlain, long Line) : YamlValue(Line)
{
    /// <summary>Whether it is no value: nothing, <c>null</c> or <c>~</c>.</summary>
    public bool IsNull => IsPlain && Text is "" or "null" or "~";

    /// <inheritdoc/>
    public override string Description =>
        IsPlain ? Text.Length == 0 ? "nothing" : MessageText.Quote(Text) : $"the text \"{MessageText.Quote(Text)}\"";
}

/// <summary>A list.</summary>
/// <param name="Items">Its items.</param>
/// <param name="Line">Where it begins.</param>
internal sealed record YamlList(IReadOnlyList<YamlValue> Items, long Line) : YamlValue(Line)
{
    /// <inheritdoc/>
    public override string Description => "a list";
}

/// <summary>Keys with values; keys that are merged in (<c>&lt;&lt;</c>) stand with the others.</summary>
/// <param name="Entries">Its keys in order, each once.</param>
/// <param name="Line">Where it begins.</param>
internal sealed record YamlMap(IReadOnlyList<YamlEntry> Entries, long Line) : YamlValue(Line)
{
    /// <inheritdoc/>
    public override string Description => "a section";
}

/// <summary>A key with its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Line">Where the key stands.</param>
/// <param name="Value">Its value.</param>
internal sealed record YamlEntry(string Key, long Line, YamlValue Value);
