"""What a function is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_ec2 as ec2, aws_lambda as lambda_


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a function is made of, and where it runs."""

    code: lambda_.Code
    memory_size: int = 256
    layers: Sequence[lambda_.ILayerVersion] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    vpc: ec2.IVpc | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    vpc_subnets: ec2.SubnetSelection | None = None
