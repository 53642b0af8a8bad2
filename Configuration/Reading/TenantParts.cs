using RegistryProxy.Configuration.Reading.Tenants;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>What the files of tenants make of them. A file that did not change is not read again. For one thread at a time.</summary>
internal sealed class TenantParts
{
    private readonly Dictionary<string, ReadPart> _parts = [];

    /// <summary>What works and may not be meant.</summary>
    public IEnumerable<ConfigurationError> Warnings => _parts.Values.SelectMany(part => part.Errors.Warnings);

    /// <summary>Reads the part of a tenant.</summary>
    /// <param name="text">The part.</param>
    /// <param name="tenant">The operator's part.</param>
    /// <param name="known">The configuration without tenants.</param>
    /// <param name="context">The operator's, with what the part may use.</param>
    public ReadPart Read(PartText text, TenantConfiguration tenant, FrontDoorConfiguration known, ReadingContext context)
    {
        if (_parts.TryGetValue(text.Name, out var read) && read.IsOf(text, tenant, known))
        {
            return read;
        }

        var errors = new ErrorList(text.File);
        var shared = MayUseReader.Restrict(known, tenant.MayUse);
        var own = TenantDefinitions.None;
        var whole = YamlFile.Parse(text.Text.Reveal(), errors)?.Read(errors, map =>
        {
            own = TenantDefinitions.Read(map["define"], tenant, context);
            var visible = own.And(shared);
            var rights = TenantRights.Read(map, tenant, visible);
            map.RefuseOthers();
            if (errors.IsEmpty)
            {
                new TenantDoubts(visible).TellRights(map, rights);
            }

            return rights;
        }, TenantKeys.Part);
        return _parts[text.Name] = new ReadPart(
            text, tenant.Stamp, (whole ?? tenant) with { Stamp = ShortHash.Of([tenant.Stamp, text.Hash]) }, errors,
            KnownParts.Of(shared, whole is null ? [] : [whole])) { Own = own };
    }

    /// <summary>Forgets what was read of other texts, and of those that have errors.</summary>
    public void Keep(IReadOnlySet<PartText> texts)
    {
        foreach (var (name, part) in _parts.ToList())
        {
            if (!part.Errors.IsEmpty || !texts.Contains(part.Text))
            {
                _parts.Remove(name);
            }
        }
    }
}

/// <summary>The part of a tenant, as it was read.</summary>
internal sealed record ReadPart(
    PartText Text, string OperatorsStamp, TenantConfiguration Tenant, ErrorList Errors, KnownParts Known)
{
    /// <summary>What is the tenant's alone.</summary>
    public TenantDefinitions Own { get; init; } = TenantDefinitions.None;

    /// <summary>Whether it would be read in the same way.</summary>
    public bool IsOf(PartText text, TenantConfiguration tenant, FrontDoorConfiguration known) =>
        Errors.IsEmpty && ReferenceEquals(Text, text) && OperatorsStamp == tenant.Stamp && Known.AreOf(known);
}
