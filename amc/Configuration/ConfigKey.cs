namespace AmcEngine.Amc.Configuration;

/// <summary>What a key holds.</summary>
internal enum ConfigKind
{
    /// <summary>Any text.</summary>
    Text = 0,

    /// <summary>A whole number.</summary>
    Integer = 1,

    /// <summary>A finite number.</summary>
    Real = 2,

    /// <summary>True or false.</summary>
    Truth = 3,

    /// <summary>One text or a list of texts.</summary>
    TextList = 4,

    /// <summary>A list of whole numbers.</summary>
    IntegerList = 5,

    /// <summary>One text of a fixed choice.</summary>
    Choice = 6,

    /// <summary>A whole number, or <c>auto</c>.</summary>
    IntegerOrAuto = 7,
}

/// <summary>One key of the configuration.</summary>
/// <param name="Path">Its name; a dot leads into a section, as in <c>optimizer.lr</c>.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Default">The value where the file gives none; null means "not set".</param>
/// <param name="Minimum">Smallest number allowed.</param>
/// <param name="Maximum">Largest number allowed.</param>
/// <param name="Choices">The texts allowed, for <see cref="ConfigKind.Choice"/>.</param>
internal sealed record ConfigKey(
    string Path, ConfigKind Kind, object? Default, double Minimum = double.NegativeInfinity,
    double Maximum = double.PositiveInfinity, params string[] Choices)
{
    /// <summary>Whether it holds files or folders: <c>~</c> is the home folder then.</summary>
    public bool IsPath { get; init; }

    /// <summary>Whether the text <c>auto</c> leaves it to the program, as leaving the key out does.</summary>
    public bool IsAutomatic { get; init; }

    /// <summary>What a message calls the values that are right.</summary>
    public string Expected => Value + (IsAutomatic ? ", or auto" : "");

    private string Value => Kind switch
    {
        ConfigKind.Text => "text",
        ConfigKind.Integer => "a whole number" + Range,
        ConfigKind.IntegerOrAuto => "a whole number" + Range + ", or auto",
        ConfigKind.Real => "a number" + Range,
        ConfigKind.Truth => "true or false",
        ConfigKind.TextList => "text or a list of texts",
        ConfigKind.IntegerList => "a list of whole numbers",
        _ => "one of " + string.Join(", ", Choices),
    };

    private string Range => (double.IsInfinity(Minimum), double.IsInfinity(Maximum)) switch
    {
        (true, true) => "",
        (false, true) => FormattableString.Invariant($" of at least {Minimum}"),
        (true, false) => FormattableString.Invariant($" of at most {Maximum}"),
        _ => FormattableString.Invariant($" from {Minimum} to {Maximum}"),
    };
}
