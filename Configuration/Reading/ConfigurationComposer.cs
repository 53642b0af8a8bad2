using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration.Reading.Tenants;
using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary>
/// Makes one configuration of the main file, the files that it includes and the parts of tenants. A fault in one of those leaves its last
/// good text in its place and changes nothing else; a fault in the main file is one of all. What did not change is not read again. For one
/// thread at a time.
/// </summary>
internal sealed class ConfigurationComposer(string path, ConfigurationPart part)
{
    private readonly Dictionary<PartText, OperatorFile> _files = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, PartText> _lastGood = [];
    private readonly TenantParts _parts = new();
    private OperatorFile? _main;
    private Claims? _inForce;
    private HashSet<string>? _undecided;

    /// <summary>Puts together what is there now.</summary>
    public ConfigurationResult Compose(Secret text, IPartTexts texts)
    {
        var context = new ReadingContext(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/") { MayLackFiles = !texts.AreHere };
        var main = _main?.Text.Reveal() == text.Reveal() ? _main!
            : OperatorFile.Main(path, text, context, part);
        var chosen = new ChosenParts(_lastGood);
        if (part == ConfigurationPart.Gateway)
        {
            return main.Errors.IsEmpty ? new ConfigurationResult(Snapshot(text, main.Host, chosen), []) { Warnings = main.Errors.Warnings }
                : new ConfigurationResult(null, main.Errors.Sorted) { Warnings = main.Errors.Warnings };
        }

        var offered = texts.Included(main.Includes ?? []);
        while (true)
        {
            var round = Try(main, offered, chosen, texts, context);
            foreach (var (failed, errors) in round.Failures.Where(failed => failed.Key.Length > 0))
            {
                chosen.Degrade(failed, errors);
            }

            chosen.Contest(round.Contested);

            // The main file is judged by itself: what another one does to it is settled first.
            if (round.Failures.Count == 1 && round.Failures.TryGetValue("", out var errorsOfMain))
            {
                Keep(_lastGood.Values);
                return new ConfigurationResult(null, [.. errorsOfMain.OrderBy(error => error.Line)])
                {
                    Warnings = Warnings(round), Faults = chosen.Faults,
                };
            }

            if (round.Failures.Count == 0)
            {
                return Finish(main, round, chosen);
            }
        }
    }

    /// <summary>
    /// Texts that were good once, of parts that have none now. Whose part has had none since the start, while others took what it wants,
    /// gets that back from those that have another text now.
    /// </summary>
    public void Restore(IEnumerable<PartText> parts)
    {
        foreach (var restored in parts)
        {
            var isUndecided = _undecided?.Contains(restored.Name) == true;
            if (!_lastGood.TryGetValue(restored.Name, out var now))
            {
                _lastGood[restored.Name] = now = restored;
            }

            if (isUndecided && now.Hash == restored.Hash)
            {
                _inForce?.Prefer([restored.Name]);
            }
            else if (isUndecided)
            {
                _lastGood[restored.Name] = restored;
            }
        }
    }

    private CompositionRound Try(
        OperatorFile main, IReadOnlyList<OfferedPart> offered, ChosenParts chosen, IPartTexts texts, ReadingContext context)
    {
        var round = new CompositionRound(main, _inForce ?? new Claims());
        var files = Files(main, offered, chosen, context);
        var check = new PlaceCheck(path);
        while (texts.AreHere && check.LeaveOut(files, offered, chosen))
        {
            files = Files(main, offered, chosen, context);
        }

        var isTolerant = _inForce is null && chosen.Missing.Any();
        foreach (var step in (Action[])
        [
            () => round.FailFiles(files),
            () => check.Check(texts.AreHere ? files : [], round),
            () => round.FailMain(files),
            () => round.ReadNames(files, isTolerant),
            () => round.ReadTenants(files, isTolerant),
            () => round.Add(chosen.Unusable(offered).SelectMany(OperatorFile.Salvage)),
            round.SettleHosts,
            () => ReadParts(round, chosen, texts, context),
        ])
        {
            if (!round.IsFailed)
            {
                step();
            }
        }

        return round;
    }

    private List<OperatorFile> Files(
        OperatorFile main, IReadOnlyList<OfferedPart> offered, ChosenParts chosen, ReadingContext context) =>
    [
        main, .. offered.Select(chosen.Of).OfType<PartText>()
            .Select(text => _files.TryGetValue(text, out var known) ? known : _files[text] = OperatorFile.Included(text, context)),
    ];

    private void ReadParts(CompositionRound round, ChosenParts chosen, IPartTexts texts, ReadingContext context)
    {
        foreach (var entry in round.Tenants.Where(entry => entry.File is not null || entry.Tenant.IsManaged).ToList())
        {
            if (!entry.Tenant.IsManaged)
            {
                ReadPart(round, chosen, entry, texts.OfTenant(entry.Tenant.Name, entry.File!), context);
            }
            else if (!texts.Managed.TryGet(entry.Tenant.Name, out var managed))
            {
                chosen.Await(PartText.OfManaged(entry.Tenant.Name));
                round.Complete(entry, null, TenantDefinitions.None);
            }
            else if (OfferedPart.Managed(managed, entry.Tenant) is { } offered)
            {
                ReadPart(round, chosen, entry, offered, context);
            }
            else
            {
                round.Complete(entry, entry.Tenant, TenantDefinitions.None);
            }
        }
    }

    private void ReadPart(CompositionRound round, ChosenParts chosen, TenantEntry entry, OfferedPart ofTenant, ReadingContext context)
    {
        var bounds = new TenantBounds(entry.Tenant.Name, entry.Secrets, entry.Tenant.IsManaged);
        var whole = chosen.Of(ofTenant) is { } text ? _parts.Read(text, entry.Tenant, round.Known, context.Of(bounds)) : null;
        if (whole is { Errors.IsEmpty: false })
        {
            round.Fail(ofTenant.Name, whole.Errors.Sorted);
        }

        round.Complete(entry, whole?.Tenant, whole?.Own ?? TenantDefinitions.None);
    }

    private ConfigurationResult Finish(OperatorFile main, CompositionRound round, ChosenParts chosen)
    {
        HashSet<string> open = [.. chosen.Missing, .. chosen.Contested];
        _undecided = _undecided is null ? open : [.. _undecided.Where(open.Contains)];
        (_main, _inForce) = (round.ToleratedErrors.Count == 0 ? main : null, round.Claims);
        _lastGood.Clear();
        foreach (var used in chosen.Used)
        {
            _lastGood[used.Name] = used;
        }

        Keep(_lastGood.Values);
        return new ConfigurationResult(Snapshot(main.Text, round.Configuration, chosen), [])
        {
            Warnings = Warnings(round),
            Faults = round.ToleratedErrors.Count == 0 ? chosen.Faults
                : [new PartFault("", path, IsKept: false, round.ToleratedErrors), .. chosen.Faults],
        };
    }

    private ConfigurationError[] Warnings(CompositionRound round) => [.. round.Warnings.Concat(_parts.Warnings)];

    /// <summary>Forgets what was read of other texts: what is wrong with a file may be mended by another one.</summary>
    private void Keep(IReadOnlyCollection<PartText> texts)
    {
        var kept = texts.ToHashSet<PartText>(ReferenceEqualityComparer.Instance);
        foreach (var gone in _files.Keys.Where(text => !kept.Contains(text)).ToList())
        {
            _files.Remove(gone);
        }

        _parts.Keep(texts);
    }

    private static ConfigurationSnapshot Snapshot(Secret text, FrontDoorConfiguration configuration, ChosenParts chosen)
    {
        PartText[] parts = [.. chosen.Used.OrderBy(used => used.Name, StringComparer.Ordinal)];
        string[] missing = [.. chosen.Missing.Order(StringComparer.Ordinal)];
        string[] contested = [.. chosen.Contested];
        var version = Hash(text.Reveal());
        if (parts.Length + missing.Length + chosen.Awaited.Count > 0)
        {
            version = Hash(string.Join(
                '\n', [version, .. parts.Select(used => $"{used.Name} {used.Hash}"), .. missing, .. chosen.Awaited]));
        }

        return new ConfigurationSnapshot(configuration, version[..12])
        {
            Text = text, Parts = parts, Missing = missing, Contested = contested,
        };
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
