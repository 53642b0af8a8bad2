using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>What the state says of the part of a managed tenant.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Text">The part, which may hold secrets; <c>null</c> when nobody has written one, or it cannot be read.</param>
public sealed record ManagedText(string Tenant, Secret? Text)
{
    /// <summary>What is said of a part that was written for somebody else, who had the tenant's name before.</summary>
    public const string OfAnother =
        "the stored part belongs to a previous tenant of this name, with other hosts and other administrators: the operator drops it " +
        "by DELETE /admin/tenants/NAME, or keeps it by POST /admin/configuration/rollback?tenant=NAME";

    /// <summary>The text as a part; <c>null</c> for none.</summary>
    public PartText? Part { get; } = Text is null ? null : ManagedParts.Of(Tenant, Text);

    /// <summary>Whose part it is; <c>null</c> when that was not stored.</summary>
    public PartOwner? Owner { get; init; }

    /// <summary>Why it cannot be read; empty when it was.</summary>
    public string Problem { get; init; } = "";
}
