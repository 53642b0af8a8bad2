namespace RegistryProxy.Configuration.Reading.Texts;

/// <summary>Where the texts of the files beside the main one come from.</summary>
internal interface IPartTexts
{
    /// <summary>Whether they are files of this machine, all that there are; else what somebody else read and could use.</summary>
    bool AreHere { get; }

    /// <summary>The parts that are kept in the state.</summary>
    ManagedParts Managed { get; }

    /// <summary>The included files, by the patterns of the main one, each once and in the order of their names.</summary>
    IReadOnlyList<OfferedPart> Included(IReadOnlyList<string> patterns);

    /// <summary>The part of a tenant.</summary>
    /// <param name="tenant">Its name.</param>
    /// <param name="file">The absolute path that the operator gave.</param>
    OfferedPart OfTenant(string tenant, string file);
}

/// <summary>A file beside the main one as it is now.</summary>
/// <param name="Name">The <see cref="PartText.Name"/>.</param>
/// <param name="File">The file.</param>
/// <param name="Text"><c>null</c> when it cannot be read.</param>
/// <param name="Problem">Why it cannot be read.</param>
internal sealed record OfferedPart(string Name, string File, PartText? Text, string Problem = "")
{
    /// <summary>Whether it stands for a folder whose files of before are all there.</summary>
    public bool IsKept { get; init; }

    /// <summary>Whether a text that was good before may stay in use instead.</summary>
    public bool MayKeep { get; init; } = true;

    /// <summary>The part of a managed tenant; <c>null</c> when the state has none.</summary>
    /// <param name="managed">What the state says.</param>
    /// <param name="tenant">What the operator says of the tenant now.</param>
    public static OfferedPart? Managed(ManagedText managed, TenantConfiguration tenant)
    {
        var name = PartText.OfManaged(managed.Tenant);
        if (managed.Owner is { } owner && !owner.MayBe(PartOwner.Of(tenant)))
        {
            return new OfferedPart(name, name, null, ManagedText.OfAnother) { MayKeep = false };
        }

        return managed.Problem.Length > 0 ? new OfferedPart(name, name, null, managed.Problem)
            : managed.Part is { } part ? new OfferedPart(name, name, part) : null;
    }
}
