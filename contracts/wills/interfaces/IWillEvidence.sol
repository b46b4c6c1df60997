// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ShareVerifier} from "../../foundation/ShareVerifier.sol";
import {WillHeir} from "../libraries/WillLeaf.sol";
import {WillId} from "./IWillRegistry.sol";

/// @notice What a witness or a notary puts a signature under.
struct WitnessStatement {
    bytes29 manifestRoot;
    /// @notice sha-256 of the sealed file.
    bytes32 ciphertextHash;
    /// @notice keccak256 of the encoded commitments to the heirs' and to the guardians' polynomial.
    bytes32 heirCommitmentsHash;
    bytes32 guardianCommitmentsHash;
    /// @notice keccak256 of the role, such as "witness" or "notary".
    bytes32 roleHash;
}

/// @notice The note with which a holder handed a share to another one.
struct ShareDelivery {
    uint8 index;
    address to;
    uint256 share;
}

/// @notice The argument that a committed account is not the value of the committed polynomial.
struct ShareDispute {
    uint8 index;
    ShareVerifier.Point[] commitments;
    bytes32[] commitmentsProof;
    /// @notice The value of the polynomial at `index`, computed off chain.
    ShareVerifier.Point hint;
}

/// @title IWillEvidence
/// @notice Puts on record what people and shares attest about a will: witnesses, health checks, false shares. It changes
/// nothing in the registry; it is evidence with a date.
interface IWillEvidence {
    /// @notice `witness` signed the statement about `version`.
    event WillWitnessed(WillId indexed id, uint16 indexed version, address indexed witness, bytes32 roleHash);
    /// @notice The holder of heir's share `heir` proved at `checkedAt` to have it still.
    event HeirShareHealthy(WillId indexed id, uint16 indexed version, uint8 indexed heir, uint40 checkedAt);
    /// @notice The holder of guardian's share `guardian` proved at `checkedAt` to have it still.
    event GuardianShareHealthy(WillId indexed id, uint16 indexed version, uint8 indexed guardian, uint40 checkedAt);
    /// @notice The dealer put an account into the manifest that is not on the committed polynomial.
    event WillShareOffPolynomial(WillId indexed id, uint16 indexed version, uint8 polynomial, uint8 indexed index);
    /// @notice `from`, heir `index`, signed a delivery of a share that is not the heir's own.
    event FalseShareDelivered(WillId indexed id, uint16 indexed version, uint8 indexed index, address from);

    /// @notice What was given is not in the manifest of the current version.
    /// @dev Build it from the manifest of the current version.
    error EvidenceNotInManifest(WillId id);
    /// @notice The signature is not valid.
    /// @dev Sign for this chain, contract, will and version.
    error EvidenceSignatureInvalid(address signer);
    /// @notice A health check must be made within the last day, and not in the future.
    /// @dev Sign again with the current time.
    error EvidenceTimeWrong(uint40 checkedAt);
    /// @notice The index is not one of the will's.
    /// @dev Indices run from 1.
    error EvidenceIndexInvalid(uint8 index);
    /// @notice The hint is not the value of the committed polynomial at this index.
    /// @dev Compute it with the SDK's `evaluateCommitments`.
    error EvidenceHintWrong(uint8 index);
    /// @notice The share is the right one: there is nothing to prove.
    /// @dev Nothing to do.
    error EvidenceShareCorrect(uint8 index);

    /// @notice Records a witness's or a notary's signature over ciphertext hash and share commitments.
    /// @param heirProof Proof of the heirs' commitments; its last but one sibling is the ciphertext hash.
    /// @param guardianProof Proof of the guardians' commitments.
    function recordWitness(
        WillId id,
        WitnessStatement calldata statement,
        address witness,
        bytes calldata signature,
        bytes32[] calldata heirProof,
        bytes32[] calldata guardianProof
    ) external;

    /// @notice Records that an heir's share signed the present day. Anyone relays.
    function recordHeirHealth(
        WillId id,
        uint8 heir,
        uint40 checkedAt,
        bytes32 shareR,
        bytes32 shareVs,
        WillHeir[] calldata heirs,
        bytes32[] calldata proof
    ) external;

    /// @notice The same for a guardian's share.
    function recordGuardianHealth(
        WillId id,
        uint8 guardian,
        uint40 checkedAt,
        bytes32 shareR,
        bytes32 shareVs,
        bytes32[] calldata proof
    ) external;

    /// @notice Proves that the manifest names a wrong account for an heir, by evaluating the commitments.
    function disputeHeirShare(
        WillId id,
        WillHeir[] calldata heirs,
        bytes32[] calldata heirsProof,
        ShareDispute calldata dispute
    ) external;

    /// @notice The same for the account `share` of a guardian.
    function disputeGuardianShare(
        WillId id,
        address share,
        bytes32[] calldata shareProof,
        ShareDispute calldata dispute
    ) external;

    /// @notice Proves that heir `delivery.index` signed the delivery of a share that is not the heir's.
    function proveFalseDelivery(
        WillId id,
        ShareDelivery calldata delivery,
        bytes calldata signature,
        WillHeir[] calldata heirs,
        bytes32[] calldata proof
    ) external;
}
