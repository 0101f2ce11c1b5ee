using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Data;

/// <summary>How a configuration wants pictures read.</summary>
internal static class PictureSettings
{
    /// <summary>The settings of all pictures of data sets.</summary>
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
    };
}
