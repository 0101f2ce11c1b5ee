using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Data;

/// <summary>How a configuration wants pictures and boxes read.</summary>
internal static class PictureSettings
{
    /// <summary>The settings of all files of data sets.</summary>
    public static PictureOptions Of(RunConfig config) => new()
    {
        Bad = config.Text("bad_pictures") switch
        {
            "skip" => BadPictures.Skip,
            "error" => BadPictures.Error,
            _ => BadPictures.Load,
        },
        MaxBadShare = config.Real("max_bad_share"),
        Exif = config.Text("exif") == "ignore" ? ExifOrientation.Ignore : ExifOrientation.Apply,
        Boxes = Format(config.Text("box_format")),
    };

    /// <summary>What a user calls a format of boxes.</summary>
    public static BoxFormat Format(string name) => name switch
    {
        "xyxy" => BoxFormat.Corners,
        "xywh" => BoxFormat.Size,
        "normalised" => BoxFormat.Normalised,
        _ => BoxFormat.Auto,
    };
}
