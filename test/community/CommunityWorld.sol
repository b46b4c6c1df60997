// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EquipmentRegister} from "../../contracts/community/EquipmentRegister.sol";
import {ResidentForum} from "../../contracts/community/ResidentForum.sol";
import {ServiceContract} from "../../contracts/community/ServiceContract.sol";
import {WorkOrders} from "../../contracts/community/WorkOrders.sol";
import {
    Approvals,
    DeviceKey,
    DeviceParties,
    Installation,
    Reading,
    SignedReading
} from "../../contracts/community/interfaces/IEquipmentRegister.sol";
import {ServiceTerms} from "../../contracts/community/interfaces/IServiceContract.sol";
import {DeviceProfile} from "../../contracts/community/libraries/DeviceWords.sol";
import {EquipmentTypes} from "../../contracts/community/libraries/EquipmentTypes.sol";
import {CrewTerms} from "../../contracts/community/libraries/TermsWords.sol";
import {Curve} from "../../contracts/foundation/libraries/DeviceSignatures.sol";
import {CredentialType} from "../../contracts/foundation/interfaces/ICredentialReader.sol";
import {MockCredentials} from "../../contracts/mocks/MockCredentials.sol";
import {Test} from "../utils/Test.sol";

/// @notice A community with one crew of three, residents and signing devices; the stage of the fuzz and invariant tests.
abstract contract CommunityWorld is Test {
    uint256 internal constant OWNER = 0xA11CE;
    uint256 internal constant INSTALLER = 0xB0B;
    uint256 internal constant MANUFACTURER = 0xFAB;
    uint256 internal constant DEVICE_KEYS = 0xD0000;
    address internal constant PRINCIPAL = address(0x3001);
    address internal constant LEAD = address(0x3002);
    address internal constant BACKUP = address(0x3003);
    bytes32 internal constant FIRMWARE = keccak256("firmware");
    uint16 internal constant CREW = 1;

    MockCredentials internal credentials;
    EquipmentRegister internal register;
    ResidentForum internal forum;
    ServiceContract internal service;
    WorkOrders internal orders;
    address internal owner;
    CrewTerms internal crewTerms = CrewTerms(1_800, 7_200, 14_400, 86_400, 600, 3, 7_200, 172_800, 1_209_600);

    function _build() internal {
        vm.warp(1_800_000_000);
        owner = vm.addr(OWNER);
        credentials = new MockCredentials();
        register = new EquipmentRegister(credentials);
        forum = new ResidentForum(credentials, register, 3, 1 ether);
        service = new ServiceContract(register);
        orders = new WorkOrders(register, forum, service, credentials);
        credentials.set(register.INSTALLER(), vm.addr(INSTALLER), true);
        credentials.set(register.MANUFACTURER(), vm.addr(MANUFACTURER), true);
        vm.prank(PRINCIPAL);
        orders.foundCrew(LEAD, BACKUP, 28_800, crewTerms);
        CredentialType technician = orders.TECHNICIAN();
        credentials.set(technician, LEAD, true);
        credentials.set(technician, PRINCIPAL, true);
        credentials.set(technician, BACKUP, true);
        for (uint160 i = 0; i < 3; ++i) {
            address member = _member(uint8(i));
            credentials.set(technician, member, true);
            vm.prank(PRINCIPAL);
            orders.addMember(CREW, member);
            for (uint32 period = 0; period < 4; ++period) {
                vm.prank(member);
                orders.setAvailability(CREW, uint8(i), period, 0xffff);
            }
        }
    }

    function _agree() internal {
        ServiceTerms memory terms = ServiceTerms(
            address(0),
            1e13,
            1 ether,
            0.1 ether,
            9_900,
            30 days,
            1 ether,
            1e14,
            2 ether,
            1e14,
            5 ether,
            1e14
        );
        vm.prank(PRINCIPAL);
        service.offer(address(orders), CREW, owner, terms);
        vm.prank(owner);
        service.accept(address(orders), CREW, keccak256(abi.encode(terms)));
        service.fund{value: 100 ether}(address(orders), CREW, 0);
        service.postBond{value: 50 ether}(address(orders), CREW, 0);
    }

    function _member(uint8 seat) internal pure returns (address) {
        return address(uint160(0x4000 + uint160(seat)));
    }

    function _holder(uint8 seat) internal view returns (address holder) {
        (holder, ) = orders.seatOf(CREW, seat);
    }

    function hashInstallation(Installation calldata data) external pure returns (bytes32) {
        return EquipmentTypes.installation(data);
    }

    function hashCertificate(Installation calldata data) external pure returns (bytes32) {
        return EquipmentTypes.certificate(data.key, data.model, data.firmware);
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Publica EquipmentRegister"),
                keccak256("1"),
                block.chainid,
                address(register)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _compact(uint256 key, bytes32 digest) internal pure returns (bytes32 r, bytes32 vs) {
        uint8 v;
        bytes32 s;
        (v, r, s) = vm.sign(key, digest);
        vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _install(uint256 key, DeviceProfile memory profile) internal returns (uint32) {
        Installation memory data;
        data.key = DeviceKey(Curve.Secp256k1, bytes32(uint256(uint160(vm.addr(key)))), 0);
        data.model = keccak256("model");
        data.firmware = FIRMWARE;
        data.profile = profile;
        data.parties = DeviceParties(owner, vm.addr(INSTALLER), vm.addr(MANUFACTURER));
        data.deadline = type(uint40).max;
        bytes32 digest = _digest(this.hashInstallation(data));
        (bytes32 a, bytes32 b) = _compact(key, digest);
        bytes memory certificate = _sign(MANUFACTURER, _digest(this.hashCertificate(data)));
        Approvals memory approvals = Approvals(data.deadline, _sign(OWNER, digest), _sign(INSTALLER, digest), "");
        return register.install(data, a, b, certificate, approvals);
    }

    function _profile() internal pure returns (DeviceProfile memory profile) {
        profile.low = -500;
        profile.high = 1_000;
        profile.band = 50;
        profile.heartbeatGap = 86_400;
        profile.crew = CREW;
    }

    function _reading(
        uint256 key,
        uint32 device,
        uint32 counter,
        uint256 observedAt,
        int32 value
    ) internal view returns (SignedReading memory signed) {
        bytes32 digest = register.readingDigest(device, counter, uint32(observedAt), value);
        (bytes32 a, bytes32 b) = _compact(key, digest);
        uint128 word = (uint128(device) << 96) | (uint128(counter) << 64);
        word |= (uint128(uint32(observedAt)) << 32) | uint32(value);
        return SignedReading(Reading.wrap(word), a, b);
    }
}
