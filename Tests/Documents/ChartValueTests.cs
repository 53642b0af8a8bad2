using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Documents;

/// <summary>Values of the chart in the documents are taken by its schema, and what it renders of them by the reader.</summary>
public sealed class ChartValueTests
{
    public static TheoryData<string> Values => DocumentBlock.Places("yaml", "values");

    [Theory]
    [MemberData(nameof(Values))]
    public async Task The_chart_takes_them(string place)
    {
        using var folder = new TemporaryFolder();
        var objects = await Manifests.Template(folder.Write("values.yaml", DocumentBlock.At(place).Text));
        var configuration = objects.OfType<k8s.Models.V1ConfigMap>().First(map => map.Metadata.Name.EndsWith("-silo")).Data["config.yaml"];
        var result = ConfigurationFile.Read(folder.Write("config.yaml", NamedFiles.Provide(folder, configuration)));
        Assert.True(!result.AllErrors.Any(), $"{place}: {string.Join('\n', result.AllErrors)}");
    }
}
