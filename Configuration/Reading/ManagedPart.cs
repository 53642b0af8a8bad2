using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary>The part of a tenant that is kept in the state, read as it would be if it were in use.</summary>
/// <param name="Errors">What is wrong with it, by line; empty when it can be used.</param>
/// <param name="Warnings">What works and may not be meant, by line.</param>
public sealed record ManagedPart(IReadOnlyList<ConfigurationError> Errors, IReadOnlyList<ConfigurationError> Warnings)
{
    /// <summary>Reads a text for a managed tenant.</summary>
    /// <param name="running">The configuration that has the tenant.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="text">The text; an empty one says nothing and can be used.</param>
    public static ManagedPart Read(FrontDoorConfiguration running, TenantConfiguration tenant, Secret text)
    {
        if (IsNothing(text))
        {
            return new ManagedPart([], []);
        }

        // Of the whole configuration a part sees what the operator lets it use, which has no tenant's own names.
        var context = new ReadingContext("/") { Bounds = new TenantBounds(tenant.Name, null, IsManaged: true) };
        var read = new PartReading(ManagedParts.Of(tenant.Name, text), tenant, context).Read(running, null);
        return new ManagedPart(read.Errors.Sorted, read.Errors.Warnings);
    }

    /// <summary>Whether a text says nothing at all, as before the first one was written.</summary>
    public static bool IsNothing(Secret text) => text.Reveal().AsSpan().IsWhiteSpace();
}
