// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ShareVerifier} from "../foundation/ShareVerifier.sol";
import {IWillEvidence, ShareDelivery, WitnessStatement} from "./interfaces/IWillEvidence.sol";
import {IWillRegistry, WillId} from "./interfaces/IWillRegistry.sol";
import {WillHeir, WillLeaf} from "./libraries/WillLeaf.sol";
import {WillSignatures} from "./libraries/WillSignatures.sol";

/// @title WillEvidence
/// @notice See {IWillEvidence}. It holds no state.
contract WillEvidence is IWillEvidence, EIP712 {
    bytes32 private constant WITNESS_TYPEHASH = keccak256(
        "Witness(bytes32 willId,uint16 version,bytes29 manifestRoot,bytes32 ciphertextHash,bytes32 heirCommitmentsHash,bytes32 guardianCommitmentsHash,bytes32 roleHash)"
    );
    bytes32 private constant HEALTH_TYPEHASH = keccak256(
        "Health(bytes32 willId,uint16 version,uint8 role,uint8 index,uint40 checkedAt)"
    );
    bytes32 private constant DELIVERY_TYPEHASH = keccak256(
        "ShareDelivery(bytes32 id,uint16 version,uint8 index,address to,uint256 share)"
    );

    /// @notice A health check is of the last day.
    uint40 private constant MAX_HEALTH_AGE = 1 days;

    /// @notice Says which version is current and what its manifest is.
    IWillRegistry public immutable REGISTRY;

    constructor(IWillRegistry registry) EIP712("Publica Will Evidence", "1") {
        REGISTRY = registry;
    }

    /// @inheritdoc IWillEvidence
    function recordWitness(
        WillId id,
        WitnessStatement calldata statement,
        address witness,
        bytes calldata signature,
        bytes32[] calldata heirProof,
        bytes32[] calldata guardianProof
    ) external {
        (uint16 version, bytes29 root) = REGISTRY.versionOf(id);
        bytes32 heirLeaf = _commitmentsLeaf(WillLeaf.HEIR_POLYNOMIAL, statement.heirCommitmentsHash);
        bytes32 guardianLeaf = _commitmentsLeaf(WillLeaf.GUARDIAN_POLYNOMIAL, statement.guardianCommitmentsHash);
        if (
            statement.manifestRoot != root ||
            WillLeaf.rootOf(heirLeaf, heirProof) != root ||
            WillLeaf.rootOf(guardianLeaf, guardianProof) != root ||
            heirProof.length < 2 ||
            heirProof[heirProof.length - 2] != statement.ciphertextHash
        ) revert EvidenceNotInManifest(id);
        bytes32 digest = _hashTypedDataV4(
            keccak256(bytes.concat(abi.encode(WITNESS_TYPEHASH, id, version), abi.encode(statement)))
        );
        if (!WillSignatures.isValid(witness, digest, signature)) revert EvidenceSignatureInvalid(witness);
        emit WillWitnessed(id, version, witness, statement.roleHash);
    }

    /// @inheritdoc IWillEvidence
    function recordHeirHealth(
        WillId id,
        uint8 heir,
        uint40 checkedAt,
        bytes32 shareR,
        bytes32 shareVs,
        WillHeir[] calldata heirs,
        bytes32[] calldata proof
    ) external {
        uint16 version = _requireIn(id, WillLeaf.heirs(heirs), proof);
        if (heir == 0 || heir > heirs.length) revert EvidenceIndexInvalid(heir);
        address share = _healthSigner(id, version, WillLeaf.HEIRS, heir, checkedAt, shareR, shareVs);
        if (share == address(0) || share != heirs[heir - 1].share) revert EvidenceSignatureInvalid(share);
        emit HeirShareHealthy(id, version, heir, checkedAt);
    }

    /// @inheritdoc IWillEvidence
    function recordGuardianHealth(
        WillId id,
        uint8 guardian,
        uint40 checkedAt,
        bytes32 shareR,
        bytes32 shareVs,
        bytes32[] calldata proof
    ) external {
        (uint16 version, ) = REGISTRY.versionOf(id);
        address share = _healthSigner(id, version, WillLeaf.GUARDIANS, guardian, checkedAt, shareR, shareVs);
        _requireIn(id, WillLeaf.guardianShare(guardian, share), proof);
        emit GuardianShareHealthy(id, version, guardian, checkedAt);
    }

    /// @inheritdoc IWillEvidence
    function disputeHeirShare(
        WillId id,
        uint8 index,
        WillHeir[] calldata heirs,
        bytes32[] calldata heirsProof,
        ShareVerifier.Point[] calldata commitments,
        bytes32[] calldata commitmentsProof,
        ShareVerifier.Point calldata hint
    ) external {
        uint16 version = _requireIn(id, WillLeaf.heirs(heirs), heirsProof);
        if (index == 0 || index > heirs.length) revert EvidenceIndexInvalid(index);
        _requireIn(id, WillLeaf.commitments(WillLeaf.HEIR_POLYNOMIAL, commitments), commitmentsProof);
        _requireOff(commitments, index, hint, heirs[index - 1].share);
        emit WillShareOffPolynomial(id, version, WillLeaf.HEIR_POLYNOMIAL, index);
    }

    /// @inheritdoc IWillEvidence
    function disputeGuardianShare(
        WillId id,
        uint8 index,
        address share,
        bytes32[] calldata shareProof,
        ShareVerifier.Point[] calldata commitments,
        bytes32[] calldata commitmentsProof,
        ShareVerifier.Point calldata hint
    ) external {
        uint16 version = _requireIn(id, WillLeaf.guardianShare(index, share), shareProof);
        _requireIn(id, WillLeaf.commitments(WillLeaf.GUARDIAN_POLYNOMIAL, commitments), commitmentsProof);
        _requireOff(commitments, index, hint, share);
        emit WillShareOffPolynomial(id, version, WillLeaf.GUARDIAN_POLYNOMIAL, index);
    }

    /// @inheritdoc IWillEvidence
    function proveFalseDelivery(
        WillId id,
        ShareDelivery calldata delivery,
        bytes calldata signature,
        WillHeir[] calldata heirs,
        bytes32[] calldata proof
    ) external {
        uint16 version = _requireIn(id, WillLeaf.heirs(heirs), proof);
        if (delivery.index == 0 || delivery.index > heirs.length) revert EvidenceIndexInvalid(delivery.index);
        WillHeir calldata sender = heirs[delivery.index - 1];
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(DELIVERY_TYPEHASH, id, version, delivery.index, delivery.to, delivery.share))
        );
        if (!WillSignatures.isValid(sender.wallet, digest, signature)) revert EvidenceSignatureInvalid(sender.wallet);
        if (ShareVerifier.shareAddress(delivery.share) == sender.share) revert EvidenceShareCorrect(delivery.index);
        emit FalseShareDelivered(id, version, delivery.index, sender.wallet);
    }

    // ------------------------------------------------------------------ internal

    function _requireIn(WillId id, bytes32 leaf, bytes32[] calldata proof) private view returns (uint16 version) {
        bytes29 root;
        (version, root) = REGISTRY.versionOf(id);
        if (version == 0 || WillLeaf.rootOf(leaf, proof) != root) revert EvidenceNotInManifest(id);
    }

    function _requireOff(
        ShareVerifier.Point[] calldata commitments,
        uint8 index,
        ShareVerifier.Point calldata hint,
        address share
    ) private pure {
        if (!ShareVerifier.isCommitted(commitments, index, hint)) revert EvidenceHintWrong(index);
        if (ShareVerifier.addressOf(hint) == share) revert EvidenceShareCorrect(index);
    }

    function _commitmentsLeaf(uint8 polynomial, bytes32 hash) private pure returns (bytes32) {
        return keccak256(abi.encode(WillLeaf.COMMITMENTS, polynomial, hash));
    }

    function _healthSigner(
        WillId id,
        uint16 version,
        uint8 role,
        uint8 index,
        uint40 checkedAt,
        bytes32 shareR,
        bytes32 shareVs
    ) private view returns (address) {
        if (checkedAt > block.timestamp || checkedAt + MAX_HEALTH_AGE < block.timestamp)
            revert EvidenceTimeWrong(checkedAt);
        bytes32 structHash = keccak256(abi.encode(HEALTH_TYPEHASH, id, version, role, index, checkedAt));
        return WillSignatures.shareOf(_hashTypedDataV4(structHash), shareR, shareVs);
    }
}
