using RegistryProxy.Configuration.Reading.Tenants;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>
/// What the files of tenants make of them. A file that did not change is not read again, and neither is a faulty one while the files that
/// it names are as they were. For one thread at a time.
/// </summary>
internal sealed class TenantParts
{
    private readonly Dictionary<string, ReadPart> _good = [];
    private readonly Dictionary<(string Name, string Hash), ReadPart> _faulty = [];
    private readonly HashSet<(string Name, string Hash)> _asked = [];

    /// <summary>What works and may not be meant.</summary>
    public IEnumerable<ConfigurationError> Warnings => _good.Values.Concat(_faulty.Values.Where(part => !_good.ContainsKey(part.Text.Name)))
        .SelectMany(part => part.Errors.Warnings);

    /// <summary>How many texts were read.</summary>
    internal int Readings { get; private set; }

    /// <summary>Reads the part of a tenant.</summary>
    /// <param name="text">The part.</param>
    /// <param name="tenant">The operator's part.</param>
    /// <param name="known">The configuration without tenants.</param>
    /// <param name="context">The operator's, with what the part may use.</param>
    public ReadPart Read(PartText text, TenantConfiguration tenant, FrontDoorConfiguration known, ReadingContext context)
    {
        var key = (text.Name, text.Hash);
        _asked.Add(key);
        if (_good.TryGetValue(text.Name, out var good) && good.IsOf(text, tenant, known))
        {
            return good;
        }

        if (_faulty.TryGetValue(key, out var faulty) && faulty.IsOf(text, tenant, known) && faulty.MayStay())
        {
            return faulty;
        }

        Readings++;
        var read = new PartReading(text, tenant, context).Read(known, good);
        if (!read.Errors.IsEmpty)
        {
            return _faulty[key] = read;
        }

        _faulty.Remove(key);
        return _good[text.Name] = read;
    }

    /// <summary>Forgets what was read of other texts, and faults that nobody asked for since.</summary>
    public void Keep(IReadOnlyCollection<PartText> texts)
    {
        var kept = texts.Select(text => (text.Name, text.Hash)).ToHashSet();
        foreach (var (name, part) in _good.Where(part => !kept.Contains((part.Key, part.Value.Text.Hash))).ToList())
        {
            _good.Remove(name);
        }

        foreach (var gone in _faulty.Keys.Where(key => !_asked.Contains(key)).ToList())
        {
            _faulty.Remove(gone);
        }

        _asked.Clear();
    }
}

/// <summary>The part of a tenant, as it was read.</summary>
internal sealed record ReadPart(
    PartText Text, TenantConfiguration Operators, TenantConfiguration Tenant, ErrorList Errors, KnownParts Known, TenantBounds? Bounds)
{
    /// <summary>So often what is wrong with it is said again without another look.</summary>
    private const int MaxStays = 60;

    private readonly ulong? _files = Bounds is null ? 0 : FileStamp.Of(Bounds.Named);
    private int _stays;

    /// <summary>What is the tenant's alone.</summary>
    public TenantDefinitions Own { get; init; } = TenantDefinitions.None;

    /// <summary>What works and may not be meant in that.</summary>
    public IReadOnlyList<ConfigurationError> OwnWarnings { get; init; } = [];

    /// <summary>Whether it would be read in the same way, beside the files that it names.</summary>
    public bool IsOf(PartText text, TenantConfiguration tenant, FrontDoorConfiguration known) =>
        Text.Hash == text.Hash && Text.File == text.File && Operators.Stamp == tenant.Stamp && Known.AreOf(known);

    /// <summary>Whether <c>define</c> would be read in the same way, beside the files that it names.</summary>
    public bool Defines(PartText text, TenantConfiguration tenant, TenantBounds? bounds) =>
        Text.Hash == text.Hash && Text.File == text.File && Bounds?.Secrets == bounds?.Secrets
        && Operators.MayUse.Upstreams.SequenceEqual(tenant.MayUse.Upstreams)
        && Operators.MayUse.Authenticators.SequenceEqual(tenant.MayUse.Authenticators)
        && Operators.AdministratorAuthenticators.SequenceEqual(tenant.AdministratorAuthenticators);

    /// <summary>Whether a fault stays as it is: the files that it names are those of before.</summary>
    public bool MayStay() => _files is { } files && ++_stays < MaxStays && FileStamp.Of(Bounds?.Named ?? []) == files;
}
