using RegistryProxy.Configuration;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// What somebody wants a part to say. Nothing that is answered tells whether a secret that was sent is the one that was there: it counts as
/// another one, and secrets of two versions are never compared.
/// </summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Newest">What it says now; <c>null</c> for nothing.</param>
/// <param name="Text">What was sent.</param>
/// <param name="Former">The version that is taken back; <c>null</c> for none.</param>
internal sealed record PartEdit(TenantConfiguration Tenant, ManagedVersion? Newest, Secret Text, ManagedVersion? Former = null)
{
    /// <summary>The most that is said of a change, in characters; lines of the audit log have as much.</summary>
    private const int MaxChange = 500;

    private string? _change;
    private string? _shown;

    /// <summary>What is another in it, for people.</summary>
    public string Change => _change ??= YamlChanges.Between(
        Shown, Former is null ? Text.Reveal() : YamlSecrets.Hide(Text.Reveal()), MaxChange);

    private string Shown => _shown ??= YamlSecrets.Hide(Before);

    private string Before => Newest?.Text.Reveal() ?? "";

    /// <summary>Whether an operator makes what somebody else has left the tenant's.</summary>
    public bool IsTakenOver { get; init; }

    /// <summary>The text with the secrets that it leaves as they are.</summary>
    /// <param name="errors">Where it is told which cannot be left so.</param>
    public Secret Restored(ErrorList errors) => Former is null ? new Secret(YamlSecrets.Restore(Text.Reveal(), Before, errors)) : Text;

    /// <summary>Tells of a good text that could not be shown again without its secrets.</summary>
    public static void Check(Secret whole, ErrorList errors)
    {
        try
        {
            YamlSecrets.Hide(whole.Reveal());
        }
        catch (FormatException fault)
        {
            errors.Add(1, "", fault.Message);
        }
    }

    /// <summary>Whether it leaves everything as it is.</summary>
    /// <param name="whole">The restored text.</param>
    public bool IsNothing(Secret whole) => !IsTakenOver && (Former is not null ? Former.Number == Newest?.Number
        : Newest is null ? whole.IsEmpty()
        : Change.Length == 0 && (whole == Newest.Text || Text.Reveal() == Shown));
}
