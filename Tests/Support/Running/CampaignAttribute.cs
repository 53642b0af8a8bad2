namespace RegistryProxy.Tests.Support.Running;

/// <summary>Tests that compute for many seconds: they are no unit tests, and start before others.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class CampaignAttribute : Attribute;
