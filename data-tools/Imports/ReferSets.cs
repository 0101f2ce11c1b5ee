namespace AmcEngine.DataTools;

/// <summary>RefCOCO, whose expressions may use the place in the picture.</summary>
public sealed class RefCoco() : Refer("refcoco", "RefCOCO", ["train", "val", "testA", "testB", "test"], ["unc", "google"], "train2014");

/// <summary>RefCOCO+, whose expressions may not use the place in the picture.</summary>
public sealed class RefCocoPlus() : Refer("refcoco+", "RefCOCO+", ["train", "val", "testA", "testB"], ["unc"], "train2014");

/// <summary>RefCOCOg, with longer expressions; Google's division has no test split.</summary>
public sealed class RefCocoG() : Refer("refcocog", "RefCOCOg", ["train", "val", "test"], ["umd", "google"], "train2014");

/// <summary>RefCLEF (ReferIt) on pictures of SAIAPR TC-12; the reference counts every split whose name holds "test" as test.</summary>
public sealed class RefClef() : Refer("refclef", "RefCLEF", ["train", "val", "test", "testA", "testB", "testC"], ["unc", "berkeley"], "")
{
    /// <inheritdoc/>
    public override string Licence => "not stated for the expressions; the pictures of IAPR TC-12 are free for use";
}
