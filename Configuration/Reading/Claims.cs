using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>A name or a host that somebody wants for himself.</summary>
/// <param name="What">What it is, for people, such as <c>host</c>.</param>
/// <param name="Name">The name.</param>
/// <param name="Part">The part that wants it.</param>
/// <param name="Owner">For what in the part.</param>
/// <param name="Place">Where it says so.</param>
internal sealed record Claim(string What, string Name, string Part, string Owner, FieldPlace Place);

/// <summary>Who has which name and host. Who has one keeps it for as long as he wants it; of newcomers the first one gets it.</summary>
internal sealed class Claims
{
    private readonly Dictionary<(string What, string Name), (string Part, string Owner)> _owners = [];
    private readonly HashSet<string> _earlier = [];

    /// <summary>Settles who has what from now on.</summary>
    /// <param name="claims">In order: the main file first.</param>
    /// <param name="before">Who had what.</param>
    /// <param name="refused">Told of each claim that is refused, and of the one that stands against it.</param>
    public static Claims Settle(IEnumerable<Claim> claims, Claims before, Action<Claim, Claim> refused)
    {
        var settled = new Claims();
        foreach (var group in claims.GroupBy(claim => (claim.What, claim.Name)))
        {
            var all = group.ToList();
            var winner = all.Count > 1 ? before.Choose(group.Key, all) : all[0];
            settled._owners[group.Key] = (winner.Part, winner.Owner);
            foreach (var other in all.Where(claim => !ReferenceEquals(claim, winner)))
            {
                refused(other, winner);
            }
        }

        return settled;
    }

    /// <summary>
    /// Texts that were in use before this process: who had what then has it again, and only who had it as well stands against that.
    /// </summary>
    /// <param name="parts">Their names.</param>
    public void Prefer(IEnumerable<string> parts) => _earlier.UnionWith(parts);

    /// <summary>The main file yields to nobody at the start: an error in it is one of all.</summary>
    private Claim Choose((string What, string Name) claimed, List<Claim> all)
    {
        var owner = _owners.GetValueOrDefault(claimed);
        var kept = all.Find(claim => (claim.Part, claim.Owner) == owner) ?? all[0];
        return kept.Part.Length == 0 || _earlier.Contains(kept.Part) ? kept
            : all.Find(claim => _earlier.Contains(claim.Part)) ?? kept;
    }

    /// <summary>Adds those of another kind.</summary>
    public Claims And(Claims others)
    {
        foreach (var (claim, owner) in others._owners)
        {
            _owners[claim] = owner;
        }

        return this;
    }
}
