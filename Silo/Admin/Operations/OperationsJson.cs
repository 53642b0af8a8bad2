using System.Text.Json.Serialization;
using System.Text.Json;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Silo.Admin.Operations;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(UpstreamStatus[]))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(IReadOnlyList<CacheReport>))]
[JsonSerializable(typeof(Summary))]
[JsonSerializable(typeof(TenantRow[]))]
[JsonSerializable(typeof(TenantPage))]
[JsonSerializable(typeof(HourOfActivity))]
[JsonSerializable(typeof(UpstreamActivity[]))]
internal sealed partial class OperationsJson : JsonSerializerContext;
