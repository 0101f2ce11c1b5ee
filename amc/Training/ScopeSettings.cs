using AmcEngine.Amc.Configuration;
using AmcEngine.Model.DataParallel;

namespace AmcEngine.Amc.Training;

/// <summary>What a configuration has ranks compute over the samples of all of them.</summary>
internal static class ScopeSettings
{
    /// <summary>The scopes of a configuration.</summary>
    public static RankScopes Of(RunConfig config)
    {
        bool Global(string key) => config.Text(key) == "global";
        return new RankScopes
        {
            Contrastive = Global("contrastive"),
            Negatives = Global("negatives"),
            MaskedWords = Global("mlm_pool"),
            Objective = Global("amc_pool"),
        };
    }
}
