using RegistryProxy.Configuration.Reading.Tenants;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>Reads the part of a tenant once.</summary>
/// <param name="text">The part.</param>
/// <param name="tenant">The operator's part.</param>
/// <param name="context">The operator's, with what the part may use.</param>
internal sealed class PartReading(PartText text, TenantConfiguration tenant, ReadingContext context)
{
    private readonly ErrorList _errors = new(text.File);
    private TenantDefinitions _own = TenantDefinitions.None;
    private IReadOnlyList<ConfigurationError> _warnings = [];

    /// <param name="known">The configuration without tenants.</param>
    /// <param name="before">
    /// What was read before and was good: what the same text defines is not read again, since files that it names may have gone bad.
    /// </param>
    public ReadPart Read(FrontDoorConfiguration known, ReadPart? before)
    {
        var shared = MayUseReader.Restrict(known, tenant.MayUse);
        var whole = YamlFile.Parse(text.Text.Reveal(), _errors)?.Read(_errors, map =>
        {
            if (before is null || !before.Defines(text, tenant, context.Bounds))
            {
                (_own, _warnings) = (TenantDefinitions.Read(map["define"], tenant, context), _errors.Warnings);
            }
            else
            {
                map.Know("define");
                TakeOver(before);
            }

            return Rights(map, shared);
        }, TenantKeys.Part);
        return new ReadPart(
            text, tenant, (whole ?? tenant) with { Stamp = ShortHash.Of([tenant.Stamp, text.Hash]) }, _errors,
            KnownParts.OfShared(shared), context.Bounds) { Own = _own, OwnWarnings = _warnings };
    }

    private void TakeOver(ReadPart before)
    {
        (_own, _warnings) = (before.Own, before.OwnWarnings);
        foreach (var warning in _warnings)
        {
            _errors.Warn(warning.Line, warning.Field, warning.Message);
        }
    }

    private TenantConfiguration Rights(Section map, FrontDoorConfiguration shared)
    {
        if (!PartBounds.Check(map["access"]))
        {
            return tenant;
        }

        var visible = _own.And(shared);
        var rights = TenantRights.Read(map, tenant, visible);
        map.RefuseOthers();
        if (_errors.IsEmpty)
        {
            new TenantDoubts(visible).TellRights(map, rights);
        }

        return rights;
    }
}
