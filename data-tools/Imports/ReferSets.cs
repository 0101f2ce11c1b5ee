namespace AmcEngine.DataTools;

/// <summary>RefCOCO, whose expressions may use the place in the picture.</summary>
public sealed class RefCoco()
    : Refer("refcoco", "RefCOCO", ["train", "val", "testA", "testB", "test"], ["unc", "google"], "train2014")
{
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, PublishedCounts> Published { get; } =
        new Dictionary<string, PublishedCounts>
        {
            ["train"] = new(16_994),
            ["val"] = new(1_500),
            ["testA"] = new(750),
            ["testB"] = new(750)
        };
}

/// <summary>RefCOCO+, whose expressions may not use the place in the picture.</summary>
public sealed class RefCocoPlus()
    : Refer("refcoco+", "RefCOCO+", ["train", "val", "testA", "testB"], ["unc"], "train2014")
{
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, PublishedCounts> Published { get; } =
        new Dictionary<string, PublishedCounts>
        {
            ["train"] = new(16_992),
            ["val"] = new(1_500),
            ["testA"] = new(750),
            ["testB"] = new(750)
        };
}

/// <summary>RefCOCOg, with longer expressions; Google's division has no test split.</summary>
public sealed class RefCocoG() : Refer("refcocog", "RefCOCOg", ["train", "val", "test"], ["umd", "google"], "train2014")
{
    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, PublishedCounts> Published { get; } =
        new Dictionary<string, PublishedCounts>
        {
            ["train"] = new(21_899),
            ["val"] = new(1_300),
            ["test"] = new(2_600)
        };
}

/// <summary>
/// RefCLEF (ReferIt) on pictures of SAIAPR TC-12; the reference counts every split whose name holds "test" as test.
/// </summary>
public sealed class RefClef()
    : Refer("refclef", "RefCLEF", ["train", "val", "test", "testA", "testB", "testC"], ["unc", "berkeley"], "")
{
    /// <inheritdoc/>
    public override string Licence => "not stated for the expressions; see IAPR TC-12 for the pictures";
}
