using RegistryProxy.Tests.Support.Running;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// Classes that wait start first, and then those that compute for long, so that no run ends with one of them alone; the others follow in
/// an order of chance, which is the same in every run.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderByDescending(collection => WaitsAttribute.Of(ClassOf(collection))).ThenByDescending(IsCampaign)
            .ThenBy(collection => collection.UniqueID, StringComparer.Ordinal)];

    /// <summary>What says how long it takes: its definition, or the class that a collection without one is called after.</summary>
    private static string? ClassOf(ITestCollection collection) =>
        collection.TestCollectionClassName
        ?? collection.TestCollectionDisplayName.Split(' ')
            .FirstOrDefault(word => word.StartsWith("RegistryProxy.", StringComparison.Ordinal));

    private static bool IsCampaign<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection =>
        ClassOf(collection) is { } name && typeof(LongestFirst).Assembly.GetType(name)?.IsDefined(typeof(CampaignAttribute), false) == true;
}
