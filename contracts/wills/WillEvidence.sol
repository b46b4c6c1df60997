// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ShareVerifier} from "../foundation/ShareVerifier.sol";
import {IWillEvidence, ShareDelivery, ShareDispute, WitnessStatement} from "./interfaces/IWillEvidence.sol";
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
        uint16 version = _requireStatement(id, statement, heirProof, guardianProof);
        bytes memory encoded = bytes.concat(abi.encode(WITNESS_TYPEHASH, id, version), abi.encode(statement));
        if (!WillSignatures.isValid(witness, _hashTypedDataV4(keccak256(encoded)), signature))
            revert EvidenceSignatureInvalid(witness);
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
        WillHeir[] calldata heirs,
        bytes32[] calldata heirsProof,
        ShareDispute calldata dispute
    ) external {
        uint8 index = dispute.index;
        _requireIn(id, WillLeaf.heirs(heirs), heirsProof);
        if (index == 0 || index > heirs.length) revert EvidenceIndexInvalid(index);
        _dispute(id, WillLeaf.HEIR_POLYNOMIAL, heirs[index - 1].share, dispute);
    }

    /// @inheritdoc IWillEvidence
    function disputeGuardianShare(
        WillId id,
        address share,
        bytes32[] calldata shareProof,
        ShareDispute calldata dispute
    ) external {
        _requireIn(id, WillLeaf.guardianShare(dispute.index, share), shareProof);
        _dispute(id, WillLeaf.GUARDIAN_POLYNOMIAL, share, dispute);
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

    /// @dev The statement is about the current version's very root, file and commitments.
    function _requireStatement(
        WillId id,
        WitnessStatement calldata statement,
        bytes32[] calldata heirProof,
        bytes32[] calldata guardianProof
    ) private view returns (uint16 version) {
        bytes32 leaf = _commitmentsLeaf(WillLeaf.HEIR_POLYNOMIAL, statement.heirCommitmentsHash);
        version = _requireIn(id, leaf, heirProof);
        leaf = _commitmentsLeaf(WillLeaf.GUARDIAN_POLYNOMIAL, statement.guardianCommitmentsHash);
        _requireIn(id, leaf, guardianProof);
        (, bytes29 root) = REGISTRY.versionOf(id);
        if (
            statement.manifestRoot != root ||
            heirProof.length < 2 ||
            heirProof[heirProof.length - 2] != statement.ciphertextHash
        ) revert EvidenceNotInManifest(id);
    }

    function _requireIn(WillId id, bytes32 leaf, bytes32[] calldata proof) private view returns (uint16 version) {
        bytes29 root;
        (version, root) = REGISTRY.versionOf(id);
        if (version == 0 || WillLeaf.rootOf(leaf, proof) != root) revert EvidenceNotInManifest(id);
    }

    function _dispute(WillId id, uint8 polynomial, address share, ShareDispute calldata dispute) private {
        bytes32 leaf = WillLeaf.commitments(polynomial, dispute.commitments);
        uint16 version = _requireIn(id, leaf, dispute.commitmentsProof);
        uint8 index = dispute.index;
        if (!ShareVerifier.isCommitted(dispute.commitments, index, dispute.hint)) revert EvidenceHintWrong(index);
        if (ShareVerifier.addressOf(dispute.hint) == share) revert EvidenceShareCorrect(index);
        emit WillShareOffPolynomial(id, version, polynomial, index);
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
        return WillSignatures.signerOf(_hashTypedDataV4(structHash), shareR, shareVs);
    }
}
